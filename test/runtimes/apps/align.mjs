import { alignFace, LANDMARK_NAMES } from "fivepoint";

const image = { data: new Uint8Array(64 * 64 * 4).fill(200), width: 64, height: 64 };
const points = [
  { x: 20, y: 24 },
  { x: 44, y: 24 },
  { x: 32, y: 36 },
  { x: 24, y: 46 },
  { x: 40, y: 46 },
];
const { width, height, data } = alignFace(image, points);
console.log(LANDMARK_NAMES.length, width, height, data.length);
