// ONNX Runtime's results of a quantized model (QDQ), for tests/Temper.Compression.Tests/Golden/quantized.json.
// Usage: npm install --ignore-scripts onnxruntime-node (anywhere); node quantized.mjs NODE_MODULES MODEL.onnx BATCH,C,H,W > quantized.json
// The model is one that Temper wrote: residual blocks of 8 bit with a rounded output (QuantizationGoldenTests says how it was made).
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [, , modules, path, dims] = process.argv;
const ort = createRequire(import.meta.url)(`${modules}/onnxruntime-node`);
const shape = dims.split(',').map(Number);

// Numbers from 0 to 1 by a fixed rule, so that no generator has to agree.
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
