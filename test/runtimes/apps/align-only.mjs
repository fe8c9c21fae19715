import { LANDMARK_NAMES } from "fivepoint";

console.log(LANDMARK_NAMES.join());
