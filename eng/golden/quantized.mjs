// Golden outputs of ONNX Runtime for a quantized model (QDQ): tests/Temper.Compression.Tests/Golden/quantized.json.
// Usage: npm install --ignore-scripts onnxruntime-node (in any folder), then
//   node quantized.mjs NODE_MODULES MODEL.onnx BATCH,C,H,W > quantized.json
// The model was written by Temper: 8-bit residual blocks with a rounded output. QuantizationGoldenTests describes how
// it was created.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [, , modules, path, dims] = process.argv;
const ort = createRequire(import.meta.url)(`${modules}/onnxruntime-node`);
const shape = dims.split(',').map(Number);

// Inputs in [0, 1) by a fixed formula that the test repeats, so that no random generator has to match.
const input = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => ((i * 7919) % 1009) / 1009);
const session = await ort.InferenceSession.create(path, { intraOpNumThreads: 1, logSeverityLevel: 3 });
const result = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', input, shape) });
const output = result[session.outputNames[0]];
console.log(JSON.stringify({
  runtime: `onnxruntime-node ${createRequire(import.meta.url)(`${modules}/onnxruntime-node/package.json`).version}`,
  shape,
  output: Array.from(output.data, value => Number(value.toPrecision(9))),
  model: readFileSync(path).toString('base64'),
}));
