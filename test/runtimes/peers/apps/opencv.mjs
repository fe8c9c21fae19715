import module from "@techstark/opencv-js";

export async function create({ onnx }) {
  const cv = await module;
  cv.FS_createDataFile("/", "network.onnx", onnx, true, false, false);
  const network = cv.readNetFromONNX("network.onnx");
  const image = new cv.Mat(48, 48, cv.CV_8UC3);
  const [size, mean] = [new cv.Size(48, 48), new cv.Scalar(0, 0, 0)];
  return (crop) => {
    image.data.set(crop);
    const input = cv.blobFromImage(image, 1, size, mean, false, false, cv.CV_32F);
    network.setInput(input);
    const output = network.forward();
    const landmarks = output.data32F.slice();
    input.delete();
    output.delete();
    return landmarks;
  };
}
