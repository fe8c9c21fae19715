/** Channel-major planes → the kernels' map [size+2][size+2][channels], zero border; missing channels are zero. */
export function toMap(
  planes: ArrayLike<number>,
  size: number,
  channels: number,
  padded = channels,
): Float32Array {
  const map = new Float32Array((size + 2) * (size + 2) * padded);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        map[((y + 1) * (size + 2) + x + 1) * padded + c] = planes[(c * size + y) * size + x]!;
      }
    }
  }
  return map;
}

/** The interior of a map → channel-major planes. */
export function fromMap(
  map: ArrayLike<number>,
  size: number,
  channels: number,
  padded = channels,
): Float64Array {
  return Float64Array.from({ length: channels * size * size }, (_, i) => {
    const x = i % size;
    const y = Math.floor(i / size) % size;
    return map[((y + 1) * (size + 2) + x + 1) * padded + Math.floor(i / size / size)]!;
  });
}

/** [OUT][rest…] → [OUT/block][rest…][block]: outputs innermost, as vectors want them; `order` lists the rest. */
export function toPanels(
  weight: ArrayLike<number>,
  outputs: number,
  block: number,
  order: readonly number[],
): Float32Array {
  const each = weight.length / outputs;
  return Float32Array.from({ length: Math.ceil(outputs / block) * block * order.length }, (_, i) => {
    const o = Math.floor(i / (block * order.length)) * block + (i % block);
    return o < outputs ? weight[o * each + order[Math.floor(i / block) % order.length]!]! : 0;
  });
}
