/**
 * The network in TensorFlow.js, which takes no ONNX: a chain of its own operators, fused where it has them. The bench builds
 * it so, too.
 * @param tensors { shape, values } by name
 * @returns from f32 [faces][48][48][3] BGR to [faces][10]
 */
export function network(tf, tensors) {
  const tensor = (name, shape = tensors[name].shape) => tf.tensor(tensors[name].values, shape);
  const affine = (name) => {
    const [scale, shift] = [tensor(`${name}.scale`), tensor(`${name}.shift`)];
    return (x) => tf.add(tf.mul(x, scale), shift);
  };
  const fused = (operator, name, shape, channels, then) => {
    const slope = tf.broadcastTo(tensor(`${name}.slope`, shape), [...shape.slice(1), channels]);
    const common = {
      bias: tensor(`${name}.bias`),
      activation: "prelu",
      preluActivationWeights: slope,
    };
    return (x) => then(operator({ x, a: x, ...common }));
  };
  const conv = (name, pooled) => {
    const filter = tf.transpose(tensor(`${name}.weight`), [2, 3, 1, 0]);
    const last = affine(name);
    const operator = (options) => tf.fused.conv2d({ ...options, filter, strides: 1, pad: "same" });
    return fused(operator, name, [1, 1, 1], filter.shape[3], (y) =>
      last(pooled ? tf.maxPool(y, 2, 2, "valid") : y),
    );
  };
  const filter = tf.expandDims(tf.transpose(tensor("depthwise.weight"), [1, 2, 0]), 3);
  const whole = (options) => tf.fused.depthwiseConv2d({ ...options, filter, strides: 1, pad: "valid" });
  const dense = (name, then = (y) => y) => {
    const b = tf.transpose(tensor(`${name}.weight`));
    return fused((options) => tf.fused.matMul({ ...options, b }), name, [1], b.shape[1], then);
  };
  const [weights, bias] = [tf.transpose(tensor("fc3.weight")), tensor("fc3.bias")];
  const stages = [
    affine("input"),
    ...["conv1", "conv2", "conv3"].map((name) => conv(name, true)),
    ...["conv4", "conv5"].map((name) => conv(name, false)),
    fused(whole, "depthwise", [1, 1, 1], 128, affine("depthwise")),
    (x) => tf.reshape(x, [-1, 128]),
    dense("fc1", affine("fc1")),
    dense("fc2"),
    (a) => tf.fused.matMul({ a, b: weights, bias, activation: "sigmoid" }),
  ];
  return (faces) => stages.reduce((x, stage) => stage(x), faces);
}
