using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>ONNX models: networks of other programs.</summary>
/// <remarks>
/// Read are files of format 3 and up with operator sets 7 and up. Initializers become parameters of their names
/// (floats; trainable) or buffers, constants become frozen parameters. Files are hostile until parsed: every length is
/// checked, nothing is executed, and tensors in files of their own must lie in the model's folder.
/// </remarks>
public static class OnnxFile
{
    /// <summary>Reads a model.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="options">How it becomes a network; null for the defaults.</param>
    /// <returns>The network, and the names that its inputs and outputs have in the file.</returns>
    /// <exception cref="ModelFormatException">
    /// The file is damaged or not an ONNX model, or has an operator, attribute or element type that is not supported:
    /// the error names the node, its operator and the operator set.
    /// </exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static OnnxImport Load(string path, OnnxImportOptions? options = null)
    {
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path, options);
    }

    /// <summary>Reads a model from a stream that can seek.</summary>
    /// <param name="stream">The whole stream is the model.</param>
    /// <param name="name">What to call it in errors; tensors in files of their own are looked for beside it.</param>
    /// <param name="options">How it becomes a network; null for the defaults.</param>
    /// <inheritdoc cref="Load"/>
    public static OnnxImport Read(Stream stream, string name, OnnxImportOptions? options = null) =>
        new OnnxImporter(OnnxModelReader.Read(stream, name), stream, name, options ?? new()).Import();

    /// <summary>Reads a model for the arrays that it is to run on.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="inputs">Values of its inputs by name; lengths that the file leaves open are theirs.</param>
    /// <returns>
    /// A network with a free batch where samples are kept apart. Else one for exactly these shapes: nodes that need all
    /// samples get them all, and inputs that stand instead of shapes or weights are constants.
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
    /// Writes a network as a model, as a whole or not at all. The same network and options give the same bytes.
    /// </summary>
    /// <param name="network">The network; a batched input gets a free first axis called N.</param>
    /// <param name="path">The .onnx file.</param>
    /// <param name="options">Operator set and form; null for the defaults.</param>
    /// <exception cref="NotSupportedException">
    /// The operator set has nothing for a node, which the error names.
    /// </exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Save(Network network, string path, OnnxExportOptions? options = null) =>
        AtomicFile.Write(path, stream => Write(network, stream, options));

    /// <summary>Writes a network as a model to a stream.</summary>
    /// <param name="network">The network.</param>
    /// <param name="stream">Where to.</param>
    /// <param name="options">Operator set and form; null for the defaults.</param>
    /// <inheritdoc cref="Save"/>
    public static void Write(Network network, Stream stream, OnnxExportOptions? options = null) =>
        OnnxExporter.Write(network, stream, options ?? new());

    /// <summary>Names of the inputs that a model has no value for, in order.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <exception cref="ModelFormatException">The file is damaged or not an ONNX model.</exception>
    public static IReadOnlyList<string> InputNames(string path)
    {
        using FileStream stream = File.OpenRead(path);
        OnnxGraph graph = OnnxModelReader.Read(stream, path).Graph;
        var held = graph.Initializers.Select(initializer => initializer.Name).ToHashSet(StringComparer.Ordinal);
        return [.. graph.Inputs.Select(input => input.Name).Where(name => !held.Contains(name))];
    }

    /// <summary>Reads one tensor, as ONNX's test data are stored (<c>input_0.pb</c>).</summary>
    /// <param name="path">The .pb file.</param>
    /// <returns>The tensor and the name that it bears, which may be empty.</returns>
    /// <exception cref="ModelFormatException">
    /// The file is damaged, no tensor, or of an element type that is not supported.
    /// </exception>
    public static (string Name, Tensor Value) LoadTensor(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return ReadTensor(stream, path);
    }

    /// <summary>Reads one tensor from a stream that can seek.</summary>
    /// <param name="stream">The whole stream is the tensor.</param>
    /// <param name="name">What to call it in errors.</param>
    /// <inheritdoc cref="LoadTensor"/>
    public static (string Name, Tensor Value) ReadTensor(Stream stream, string name)
    {
        OnnxTensor tensor = OnnxModelReader.ReadTensor(stream, name);
        return (tensor.Name, new OnnxTensorReader(stream, name).Read(tensor));
    }
}
