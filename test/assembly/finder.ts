/** The finder by itself, for test/finder: built for both tiers by test/support/wasm-setup.ts. */
import { top } from "../../assembly/finder/memory";

export * from "../../assembly/finder/index";
export * from "../../assembly/finder/memory";
export {
  conv1,
  conv10,
  conv11,
  conv2,
  conv3,
  forward as forwardOf,
  input,
  narrow3,
  narrow6,
  pool,
  up,
  wide3,
  wide6,
} from "../../assembly/finder/network";
export { f32_max_pool_2x2 } from "../../assembly/kernels/f32_max_pool_2x2";
export { f32_space_to_depth_2x2 } from "../../assembly/kernels/f32_space_to_depth_2x2";
export { decode as decodeCells } from "../../assembly/finder/decode";

/** Start of the memory that belongs to the test: behind what `reserve` laid out. */
export function arena(): usize {
  return top > 0 ? top : __heap_base;
}
