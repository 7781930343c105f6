using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Models;

/// <summary>Saves and loads networks: the graph and the parameters.</summary>
/// <remarks>
/// A network is stored as a model folder (<c>config.json</c> with the graph, <c>model.safetensors</c> with the tensors,
/// and a <c>README.md</c>) or as one .safetensors file with the graph in its metadata. A bare state dict, as exported
/// from PyTorch, holds tensors only: it is loaded into a given network. Masks are stored as uint8 tensors named
/// <c>NAME.mask</c>. Files are treated as untrusted input; nothing in them is executed.
/// </remarks>
public static class ModelFile
{
    /// <summary>Name of the file with the graph in a model folder.</summary>
    public const string GraphName = "config.json";

    /// <summary>Name of the file with the tensors in a model folder.</summary>
    public const string WeightsName = "model.safetensors";

    private const string CardName = "README.md";
    private const string GraphKey = "temper.network";
    private const string Extension = ".safetensors";
    internal const string MaskSuffix = ".mask";

    /// <summary>Extensions that are not taken for the name of a folder.</summary>
    private static readonly string[] OtherFormats =
        [".onnx", ".pt", ".pth", ".bin", ".npz", ".npy", ".h5", ".pb", ".tflite"];

    /// <summary>
    /// Saves a network; the same network gives the same bytes. A network that was there is replaced at once: if the
    /// work is interrupted, the file or folder holds the old or the new network, never parts of both.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="path">A name ending in .safetensors for one file, any other name for a folder, which is
    /// created.</param>
    /// <param name="options">How tensors are stored; null: the defaults.</param>
    /// <exception cref="ArgumentException">
    /// The path is empty, or ends in the extension of another format, such as .onnx.
    /// </exception>
    /// <exception cref="IOException">Writing failed; the old or the new network is there.</exception>
    public static void Save(Network network, string path, SaveOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (OtherFormats.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"ModelFile.Save: cannot write this format (got '{path}', expected a name "
                + "ending in .safetensors, or a folder); use OnnxFile.Save for ONNX", nameof(path));
        }

        if (IsSingleFile(path))
        {
            ToSingleFile(network, options).Save(path);
            return;
        }

        ModelFolder.Save(path, NumbersOf(network, options), network.ToJson());
        AtomicFile.WriteText(Path.Combine(path, CardName), ModelCard.Of(network));
    }

    /// <summary>Whether a folder or file contains a graph, not only tensors as a bare state dict does.</summary>
    /// <param name="path">The folder or file.</param>
    /// <exception cref="ModelFormatException">The path is a .safetensors file that is damaged.</exception>
    /// <exception cref="FileNotFoundException">The path does not exist.</exception>
    public static bool HoldsGraph(string path) => Directory.Exists(path)
        ? File.Exists(Path.Combine(path, GraphName))
        : IsSingleFile(path) && SafetensorsFile.LoadMetadata(path).ContainsKey(GraphKey);

    /// <summary>Loads a network written by <see cref="Save"/>.</summary>
    /// <param name="path">A model folder or a .safetensors file with a graph.</param>
    /// <exception cref="ModelFormatException">
    /// A file is malformed, or the graph and the tensors do not match.
    /// </exception>
    /// <exception cref="FileNotFoundException">The path does not exist.</exception>
    public static Network Load(string path)
    {
        if (Directory.Exists(path))
        {
            string weights = Path.Combine(path, WeightsName);
            (byte[] text, string graph) = ModelFolder.ReadGraph(path);
            return Fill(
                ReadGraph(text, graph), StateDict.Of(TensorsOf(SafetensorsFile.Load(weights), weights)),
                weights);
        }

        return FromSingleFile(SafetensorsFile.Load(path), path);
    }

    /// <summary>Returns a network as the content of one file, with the graph in the metadata.</summary>
    internal static SafetensorsFile ToSingleFile(Network network, SaveOptions? options = null)
    {
        SafetensorsFile numbers = NumbersOf(network, options);
        var metadata = new Dictionary<string, string>(numbers.Metadata, StringComparer.Ordinal)
        {
            [GraphKey] = NetworkJson.Write(network, isIndented: false),
        };
        return new SafetensorsFile(numbers.Tensors, metadata) { Int8Names = numbers.Int8Names };
    }

    /// <summary>Returns the tensors of a file, with sparse tensors made dense and 8-bit weights as float32.</summary>
    /// <exception cref="ModelFormatException">A sparse or 8-bit tensor is inconsistent.</exception>
    internal static IReadOnlyList<KeyValuePair<string, Tensor>> TensorsOf(SafetensorsFile file, string path) =>
        Int8Storage.Decode(SparseStorage.Decode(Int8Storage.WithFloats(file), path), file.Metadata, path);

    /// <summary>Restores a network from the content made by <see cref="ToSingleFile"/>.</summary>
    /// <param name="file">Content of the file.</param>
    /// <param name="path">Path or name of the file, for errors.</param>
    internal static Network FromSingleFile(SafetensorsFile file, string path) =>
        file.Metadata.TryGetValue(GraphKey, out string? text)
            ? Fill(ReadGraph(System.Text.Encoding.UTF8.GetBytes(text), path), StateDict.Of(TensorsOf(file, path)), path)
            : throw new ModelFormatException(
                path,
                "the file contains tensors but no graph; specify the architecture (one of "
                    + $"{string.Join(", ", NetworkZoo.Names)})");

    /// <summary>Loads a model, or a bare state dict into an architecture of the zoo.</summary>
    /// <param name="path">A model folder, or a state dict in a format that <see cref="LoadWeights"/> reads.</param>
    /// <param name="architecture">One of <see cref="NetworkZoo.Names"/>; null: the file must contain a graph.</param>
    /// <param name="options">Input shape and number of classes of the architecture.</param>
    /// <inheritdoc cref="Load(string)"/>
    public static Network Load(string path, string? architecture, ZooOptions? options = null) =>
        architecture is null ? Load(path) : LoadWeights(NetworkZoo.Create(architecture, options), path);

    /// <summary>
    /// Loads tensors from a file into a network. Graph, class names and metadata are those of <paramref
    /// name="network"/>.
    /// </summary>
    /// <param name="network">The architecture; its own parameter values are not used.</param>
    /// <param name="path">
    /// A model folder, or a state dict as .safetensors, .npz or PyTorch file (detected by its first bytes). A prefix
    /// that all names share, such as <c>module.</c>, is removed if the names match better without it. Weights of
    /// PyTorch's pruning (<c>X_orig</c>, <c>X_mask</c>) and weight normalization (<c>X_g</c>, <c>X_v</c>, or
    /// <c>parametrizations.X.original0</c> and <c>original1</c>) are joined; the masks are kept.
    /// </param>
    /// <param name="names">
    /// Names in the network, keyed by names in the file; a key that ends in <c>*</c> matches all names with that
    /// prefix.
    /// </param>
    /// <exception cref="ModelFormatException">
    /// The file is malformed, or tensors are missing, unexpected, or of another shape or dtype. The message lists all
    /// of these, as in PyTorch's strict mode.
    /// </exception>
    public static Network LoadWeights(Network network, string path, IReadOnlyDictionary<string, string>? names = null)
    {
        string weights = Directory.Exists(path) ? Path.Combine(path, WeightsName) : path;
        return Fill(NetworkBlueprint.Of(network), StateDict.Load(weights, names), weights);
    }

    private static bool IsSingleFile(string path) => path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    private static SafetensorsFile NumbersOf(Network network, SaveOptions? options)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        Parameter[] parameters = [.. Int8Storage.Encode(network, metadata)];
        List<KeyValuePair<string, Tensor>> numbers =
            options?.Sparse == true ? SparseStorage.Encode(parameters, metadata) : Dense(parameters);
        numbers.AddRange(network.Buffers);
        (numbers, HashSet<string> bytes) = Int8Storage.Bytes(numbers, metadata);
        return new SafetensorsFile(numbers, metadata) { Int8Names = bytes };
    }

    private static List<KeyValuePair<string, Tensor>> Dense(IReadOnlyList<Parameter> parameters)
    {
        var numbers = new List<KeyValuePair<string, Tensor>>();
        numbers.AddRange(parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value)));
        numbers.AddRange(parameters.Where(parameter => parameter.Mask is not null)
            .Select(parameter => KeyValuePair.Create(parameter.Name + MaskSuffix, parameter.Mask!.To(DType.UInt8))));
        return numbers;
    }

    private static NetworkBlueprint ReadGraph(byte[] text, string file)
    {
        try
        {
            return NetworkJsonReader.Read(text);
        }
        catch (FormatException error)
        {
            throw new ModelFormatException(file, error.Message, error);
        }
    }

    /// <summary>Loads the tensors into the graph; every tensor of the file must be used.</summary>
    private static Network Fill(NetworkBlueprint blueprint, StateDict tensors, string name)
    {
        (StateDict fitted, string? misfits) = tensors.Fit(blueprint.Graph, MaskSuffix);
        if (misfits is not null)
        {
            throw new ModelFormatException(name, misfits);
        }

        try
        {
            Network network = blueprint.Create(fitted.Take);
            foreach (Parameter parameter in network.Parameters)
            {
                if (fitted.Take(parameter.Name + MaskSuffix) is { } mask)
                {
                    network = network.WithMask(parameter.Name, mask.To(DType.Float32));
                }
            }

            return network;
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            throw new ModelFormatException(name, error.Message, error);
        }
    }
}
