/**
 * The ABI: everything that the module exports. src/core/model.ts is its other side.
 *
 *   relaxed()                     1 when this module uses relaxed SIMD
 *   memory                        fixed size, never grows
 *   batch()                       faces that one forward pass takes
 *   parameters()                  where the caller writes the tensors, float32 in the order of src/weights/tensors.ts;
 *   widen(at, count)              … or the halves of a float16 tensor, at the end of its place, then widens them
 *   pack()                        takes the tensors over into the kernels' layouts: once, after all are written
 *   crops()                       where the caller writes crops, u8 [batch][48][48][3] BGR
 *   forward(count)                runs the network on the first `count` crops
 *   packDirect(), forwardDirect(count)   the same by direct convolution: the reference tier
 *   landmarks()                   the results, f32 [batch][10]
 */
import { BATCH, CROP_BYTES, CROPS, LANDMARKS, PARAMETERS } from "./memory";
import { landmarks as network } from "./network";
import { landmarksDirect } from "./network_direct";

export { pack, packDirect, widen } from "./pack";

export function relaxed(): bool {
  return ASC_FEATURE_RELAXED_SIMD;
}

export function batch(): i32 {
  return BATCH;
}

export function parameters(): usize {
  return PARAMETERS;
}

export function crops(): usize {
  return CROPS;
}

export function landmarks(): usize {
  return LANDMARKS;
}

/** Runs the network on the first `count` crops, 1 ≤ count ≤ batch(). */
export function forward(count: i32): void {
  network(CROPS, LANDMARKS, count);
}

/** The same by direct convolution, after `packDirect`. */
export function forwardDirect(count: i32): void {
  for (let i = 0; i < count; i++) {
    landmarksDirect(CROPS + <usize>(i * CROP_BYTES), LANDMARKS + <usize>(i * 40));
  }
}
