/** What every entry of `fivepoint/finder` exports beside its own `createFinder`. */

export { WeightsError } from "../errors.ts";
export type { Box, Face, ImageLike, PixelFormat, Point, SimdTier, WeightsInfo } from "../types.ts";
export { type FindFacesOptions, findFaces } from "./faces.ts";
export type { Finder } from "./finder.ts";
export type { FinderInfo, FinderOptions, FindOptions, FoundBox } from "./types.ts";
