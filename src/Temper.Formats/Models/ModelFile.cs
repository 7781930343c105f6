using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Models;

/// <summary>Saves and loads networks, graph and numbers.</summary>
/// <remarks>
/// Two forms hold both: a model folder (<c>config.json</c> with the graph, <c>model.safetensors</c> with the numbers, a
/// <c>README.md</c> for people), and one .safetensors file with the graph in its metadata. A bare state dict, as
/// PyTorch programs export it, holds numbers only: it needs a network to put them into. Masks are stored as uint8
/// tensors named <c>NAME.mask</c>. Files are hostile until parsed; nothing in them is executed.
/// </remarks>
public static class ModelFile
{
    /// <summary>The graph's file in a model folder.</summary>
    public const string GraphName = "config.json";

    /// <summary>The numbers' file in a model folder.</summary>
    public const string WeightsName = "model.safetensors";

    private const string CardName = "README.md";
    private const string GraphKey = "temper.network";
    private const string Extension = ".safetensors";
    internal const string MaskSuffix = ".mask";

    /// <summary>
    /// Saves a network. Each file is written as a whole or not at all; the same network gives the same bytes.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="path">A name ending in .safetensors for one file, any other for a folder, which is made.</param>
    /// <param name="options">How the numbers are stored; null for the defaults.</param>
    /// <exception cref="IOException">Writing failed; files that were there are unharmed.</exception>
    public static void Save(Network network, string path, SaveOptions? options = null)
    {
        if (IsSingleFile(path))
        {
            ToSingleFile(network, options).Save(path);
            return;
        }

        NumbersOf(network, options).Save(Path.Combine(path, WeightsName));
        AtomicFile.WriteText(Path.Combine(path, GraphName), network.ToJson());
        AtomicFile.WriteText(Path.Combine(path, CardName), ModelCard.Of(network));
    }

    /// <summary>Whether a folder or file holds a graph beside its numbers; a bare state dict does not.</summary>
    /// <param name="path">The folder or file.</param>
    /// <exception cref="ModelFormatException">It is a .safetensors file that is damaged.</exception>
    /// <exception cref="FileNotFoundException">There is no such file or folder.</exception>
    public static bool HoldsGraph(string path) => Directory.Exists(path)
        ? File.Exists(Path.Combine(path, GraphName))
        : IsSingleFile(path) && SafetensorsFile.LoadMetadata(path).ContainsKey(GraphKey);

    /// <summary>Loads a network that <see cref="Save"/> wrote.</summary>
    /// <param name="path">A model folder or a .safetensors file with a graph.</param>
    /// <exception cref="ModelFormatException">
    /// A file is malformed, or graph and numbers do not fit each other.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is no such file or folder.</exception>
    public static Network Load(string path)
    {
        if (Directory.Exists(path))
        {
            string graph = Path.Combine(path, GraphName), weights = Path.Combine(path, WeightsName);
            return Fill(
                ReadGraph(ReadText(graph), graph), StateDict.Of(TensorsOf(SafetensorsFile.Load(weights), weights)),
                weights);
        }

        return FromSingleFile(SafetensorsFile.Load(path), path);
    }

    /// <summary>A network as the content of one file, graph in the metadata.</summary>
    internal static SafetensorsFile ToSingleFile(Network network, SaveOptions? options = null)
    {
        SafetensorsFile numbers = NumbersOf(network, options);
        var metadata = new Dictionary<string, string>(numbers.Metadata, StringComparer.Ordinal)
        {
            [GraphKey] = NetworkJson.Write(network, isIndented: false),
        };
        return new SafetensorsFile(numbers.Tensors, metadata) { Int8Names = numbers.Int8Names };
    }

    /// <summary>The tensors of a file as a network holds them: sparse ones dense, those of 8 bit in float32.</summary>
    /// <exception cref="ModelFormatException">A sparse or 8-bit tensor does not hold together.</exception>
    internal static IReadOnlyList<KeyValuePair<string, Tensor>> TensorsOf(SafetensorsFile file, string path) =>
        Int8Storage.Decode(SparseStorage.Decode(Int8Storage.WithFloats(file), path), file.Metadata, path);

    /// <summary>The network that <see cref="ToSingleFile"/> stored.</summary>
    /// <param name="file">The file's content.</param>
    /// <param name="path">Its name, for errors.</param>
    internal static Network FromSingleFile(SafetensorsFile file, string path) =>
        file.Metadata.TryGetValue(GraphKey, out string? text)
            ? Fill(ReadGraph(System.Text.Encoding.UTF8.GetBytes(text), path), StateDict.Of(TensorsOf(file, path)), path)
            : throw new ModelFormatException(
                path, 8,
                $"holds numbers but no graph; name its architecture (one of {string.Join(", ", NetworkZoo.Names)})");

    /// <summary>Loads a model, or the numbers of a bare state dict into an architecture of the zoo.</summary>
    /// <param name="path">A model folder, or a state dict as <see cref="LoadWeights"/> takes it.</param>
    /// <param name="architecture">One of <see cref="NetworkZoo.Names"/>; null: the file must hold a graph.</param>
    /// <param name="options">Input and number of classes of the architecture.</param>
    /// <inheritdoc cref="Load(string)"/>
    public static Network Load(string path, string? architecture, ZooOptions? options = null) =>
        architecture is null ? Load(path) : LoadWeights(NetworkZoo.Create(architecture, options), path);

    /// <summary>A network with the numbers of a file; graph, class names and metadata are the network's own.</summary>
    /// <param name="network">The architecture; its own numbers do not matter.</param>
    /// <param name="path">
    /// A model folder, or a state dict as .safetensors, .npz or PyTorch file, known by its first bytes; names may all
    /// begin with <c>module.</c>.
    /// </param>
    /// <param name="names">
    /// The network's name for names of the file; a name that ends in <c>*</c> stands for all that begin so.
    /// </param>
    /// <exception cref="ModelFormatException">
    /// The file is malformed, or tensors are missing, unexpected or of another shape or dtype: the error lists all
    /// three, as PyTorch's strict mode does.
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

    private static byte[] ReadText(string path)
    {
        long length = new FileInfo(path).Length;
        return length <= NetworkJsonReader.LongestText
            ? File.ReadAllBytes(path)
            : throw new ModelFormatException(path, 0, $"too long for a graph (got {length} bytes, expected at most "
                + $"{NetworkJsonReader.LongestText})");
    }

    private static NetworkBlueprint ReadGraph(byte[] text, string file)
    {
        try
        {
            return NetworkJsonReader.Read(text);
        }
        catch (FormatException error)
        {
            throw new ModelFormatException(file, 0, error.Message, error);
        }
    }

    /// <summary>Puts the file's numbers into the graph; every tensor of the file must be used.</summary>
    private static Network Fill(NetworkBlueprint blueprint, StateDict tensors, string name)
    {
        if (tensors.Misfits(blueprint.Graph, MaskSuffix) is { } misfits)
        {
            throw new ModelFormatException(name, 8, misfits);
        }

        try
        {
            Network network = blueprint.Create(tensors.Take);
            foreach (Parameter parameter in network.Parameters)
            {
                if (tensors.Take(parameter.Name + MaskSuffix) is { } mask)
                {
                    network = network.WithMask(parameter.Name, mask.To(DType.Float32));
                }
            }

            return network;
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            throw new ModelFormatException(name, 8, error.Message, error);
        }
    }
}
