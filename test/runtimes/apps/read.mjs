/** Reads the photo that it is given with sharp and prints what it is. */
import { readImage } from "fivepoint/node";

const { width, height, format } = await readImage(process.argv[2], { maxSide: 96 });
console.log(JSON.stringify({ width, height, format }));
