/** The official files of Open Model Zoo's release 2023.0: sizes and SHA-384 as its model.yml gives them. Apache-2.0. */
export const OFFICIAL_BASE_URL =
  "https://storage.openvinotoolkit.org/repositories/open_model_zoo/2023.0/models_bin/1/landmarks-regression-retail-0009/";

export interface OfficialFile {
  readonly bytes: number;
  readonly sha384: string;
}

/** The `.xml` and `.bin` of each precision, at `<base>/<precision>/landmarks-regression-retail-0009.<extension>`. */
export const OFFICIAL_FILES = {
  FP32: {
    xml: {
      bytes: 43654,
      sha384:
        "f551a3f78308205aee2b921b1127d6a085414bcdd2dbc525c19acf70e88aa84033dc3f97ec16cd363d4cba12a461983c",
    },
    bin: {
      bytes: 762464,
      sha384:
        "ea8afdd4f0eec7273b21bd55c439d3255dd476411175675646e75349241ff81e50bf8f30fbced3f9d683bdc32bfa3db2",
    },
  },
  FP16: {
    xml: {
      bytes: 66508,
      sha384:
        "393eda465df2a886f7edd932e2f1cd6930ae91f85708f91b4cd60e411acfb86e9de9e083907901208e9e8af639846572",
    },
    bin: {
      bytes: 381232,
      sha384:
        "0e6e830387f56783de313e0f7022b7808fd2e9e0b28b411a65608e2c1df0bcf939c65fb699fc51868df30232d6308515",
    },
  },
  "FP16-INT8": {
    xml: {
      bytes: 99320,
      sha384:
        "3767804ed4d244e63048f8e44e6ba0fb82a71377568009fd30118aec088d815c11f3bbfd6c210916881b9815d79f5cc5",
    },
    bin: {
      bytes: 196964,
      sha384:
        "9ef7b38ced5de407631aaea3f6ec44b49560668b90f54b6663bd178d09c258e91dfd22056ffe2f5a6d67fee962d6e92c",
    },
  },
} as const satisfies Record<string, Record<"xml" | "bin", OfficialFile>>;

export type OfficialPrecision = keyof typeof OFFICIAL_FILES;
