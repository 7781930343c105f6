using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Reads and writes ONNX models.</summary>
/// <remarks>
/// IR version 3 and later, with operator sets 7 and later, can be read. Initializers become parameters with the same
/// names (floats; trainable unless they are scalars) or buffers; constants become frozen parameters. Files are treated
/// as untrusted input: every length is checked, nothing is executed, and external data must be in the model's folder.
/// </remarks>
public static class OnnxFile
{
    /// <summary>Reads a model.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="options">Import options; null: the defaults.</param>
    /// <returns>The network, and the names of its inputs and outputs in the file.</returns>
    /// <exception cref="ModelFormatException">
    /// The file is damaged or not an ONNX model, or uses an operator, attribute or element type that is not supported.
    /// The message names the node, its operator and the operator set.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static OnnxImport Load(string path, OnnxImportOptions? options = null)
    {
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path, options);
    }

    /// <summary>Reads a model from a seekable stream.</summary>
    /// <param name="stream">
    /// A stream that contains only the model. It must be able to seek: copy others, such as those of a network or of a
    /// zip archive, to a <see cref="MemoryStream"/> first.
    /// </param>
    /// <param name="name">Name for errors; external data is searched for in its folder.</param>
    /// <param name="options">Import options; null: the defaults.</param>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    /// <inheritdoc cref="Load"/>
    public static OnnxImport Read(Stream stream, string name, OnnxImportOptions? options = null)
    {
        SeekableStream.Require(stream, "OnnxFile.Read");
        return new OnnxImporter(OnnxModelReader.Read(stream, name), stream, name, options ?? new()).Import();
    }

    /// <summary>Reads a model for given input arrays.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="inputs">Values of the inputs, keyed by name; they determine lengths that the file leaves
    /// dynamic.</param>
    /// <returns>
    /// A network with a free batch if samples are independent. Otherwise a network for exactly these shapes: nodes that
    /// need all samples receive them all, and inputs used as shapes or weights become constants.
    /// </returns>
    /// <inheritdoc cref="Load"/>
    public static OnnxImport LoadFor(string path, IReadOnlyDictionary<string, Tensor> inputs)
    {
        var exact = new OnnxImportOptions { Values = inputs, FreesBatch = false };
        try
        {
            OnnxImport model = Load(path, new OnnxImportOptions { Shapes = inputs.ToDictionary(input =>
                input.Key, input => input.Value.Shape, StringComparer.Ordinal) });
            IEnumerable<int> samples = model.InputNames.Zip(model.Network.Inputs)
                .Where(input => input.Second.IsBatched && inputs.ContainsKey(input.First))
                .Select(input => inputs[input.First].Shape[0]);
            return samples.Distinct().Count() < 2 ? model : Load(path, exact);
        }
        catch (ModelFormatException) when (inputs.Count > 0)
        {
            return Load(path, exact);
        }
    }

    /// <summary>
    /// Writes a network as a model, atomically. The same network and options give the same bytes.
    /// </summary>
    /// <param name="network">The network; the first axis of batched inputs is dynamic and named N.</param>
    /// <param name="path">The .onnx file.</param>
    /// <param name="options">Export options; null: the defaults.</param>
    /// <exception cref="NotSupportedException">
    /// The operator set has no equivalent for a node, which the message names.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(Network network, string path, OnnxExportOptions? options = null) =>
        AtomicFile.Write(path, stream => Write(network, stream, options));

    /// <summary>Writes a network as a model to a stream.</summary>
    /// <param name="network">The network.</param>
    /// <param name="stream">The stream to write to.</param>
    /// <param name="options">Export options; null: the defaults.</param>
    /// <inheritdoc cref="Save"/>
    public static void Write(Network network, Stream stream, OnnxExportOptions? options = null) =>
        OnnxExporter.Write(network, stream, options ?? new());

    /// <summary>Returns the names of the inputs that have no initializer, in order.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <exception cref="ModelFormatException">The file is damaged or not an ONNX model.</exception>
    public static IReadOnlyList<string> InputNames(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Array.ConvertAll(
            OnnxModelReader.Read(stream, path).Graph.InputsWithoutInitializer(), input => input.Name);
    }

    /// <summary>Reads one tensor in the format of ONNX test data (<c>input_0.pb</c>).</summary>
    /// <param name="path">The .pb file.</param>
    /// <returns>The tensor and its name, which may be empty.</returns>
    /// <exception cref="ModelFormatException">
    /// The file is damaged, not a tensor, or has an element type that is not supported.
    /// </exception>
    public static (string Name, Tensor Value) LoadTensor(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return ReadTensor(stream, path);
    }

    /// <summary>Reads one tensor from a seekable stream.</summary>
    /// <param name="stream">A stream that contains only the tensor; it must be able to seek.</param>
    /// <param name="name">Name for errors.</param>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    /// <inheritdoc cref="LoadTensor"/>
    public static (string Name, Tensor Value) ReadTensor(Stream stream, string name)
    {
        SeekableStream.Require(stream, "OnnxFile.ReadTensor");
        OnnxTensor tensor = OnnxModelReader.ReadTensor(stream, name);
        return (tensor.Name, new OnnxTensorReader(stream, name).Read(tensor));
    }
}
