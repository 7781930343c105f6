using Temper.Formats.Protobuf;

namespace Temper.Formats.Onnx;

/// <summary>Reads the messages of an ONNX file (onnx.proto); fields that are not needed are skipped.</summary>
internal sealed partial class OnnxModelReader
{
    private const int MaxItems = 1 << 20;
    private const int LongestName = 1 << 16;
    private const int LongestValue = 1 << 24;
    private const int Deepest = 32;

    private readonly WireReader _reader;
    private int _depth;

    private OnnxModelReader(WireReader reader) => _reader = reader;

    private delegate void FieldReader(int field, WireType wire, long end);

    /// <exception cref="ModelFormatException">The file is not an ONNX model, or is damaged or truncated.</exception>
    internal static OnnxModel Read(Stream stream, string file)
    {
        ForeignFile.Check(stream, file);
        var reader = new WireReader(stream, file, "ONNX");
        OnnxModel model = new OnnxModelReader(reader).Model(reader.Length);
        return model.IrVersion > 0 || model.Graph.Nodes.Count > 0
            ? model
            : throw reader.Bad("no version and no nodes; this is not an ONNX model");
    }

    /// <summary>Reads a file that contains a single tensor, like ONNX test data.</summary>
    /// <inheritdoc cref="Read"/>
    internal static OnnxTensor ReadTensor(Stream stream, string file)
    {
        var reader = new WireReader(stream, file, "ONNX");
        return new OnnxModelReader(reader).Tensor(reader.Length);
    }

    private OnnxModel Model(long end)
    {
        var opsets = new Dictionary<string, long>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var functions = new List<string>();
        var model = new OnnxModel { Opsets = opsets, Metadata = metadata, Functions = functions };
        Message(end, (field, wire, limit) =>
        {
            switch (field)
            {
                case 1: model = model with { IrVersion = Integer(wire) }; break;
                case 2: model = model with { Producer = Text(wire, limit) }; break;
                case 7: model = model with { Graph = Graph(_reader.End(wire, limit)) }; break;
                case 8: OperatorSet(_reader.End(wire, limit), opsets); break;
                case 14: Entry(_reader.End(wire, limit), metadata, LongestValue); break;
                case 25: Add(functions, FunctionName(_reader.End(wire, limit))); break;
                default: _reader.Skip(wire, limit); break;
            }
        });
        return model;
    }

    private OnnxGraph Graph(long end)
    {
        var nodes = new List<OnnxNode>();
        var initializers = new List<OnnxTensor>();
        var sparse = new List<OnnxSparseTensor>();
        var inputs = new List<OnnxValueInfo>();
        var outputs = new List<OnnxValueInfo>();
        string name = "";
        Message(end, (field, wire, limit) =>
        {
            switch (field)
            {
                case 1: Add(nodes, Node(_reader.End(wire, limit))); break;
                case 2: name = Text(wire, limit); break;
                case 5: Add(initializers, Tensor(_reader.End(wire, limit))); break;
                case 11: Add(inputs, ValueInfo(_reader.End(wire, limit))); break;
                case 12: Add(outputs, ValueInfo(_reader.End(wire, limit))); break;
                case 15: Add(sparse, SparseTensor(_reader.End(wire, limit))); break;
                default: _reader.Skip(wire, limit); break;
            }
        });
        return new OnnxGraph
        {
            Name = name, Nodes = nodes, Initializers = initializers, SparseInitializers = sparse, Inputs = inputs,
            Outputs = outputs,
        };
    }

    private OnnxNode Node(long end)
    {
        var inputs = new List<string>();
        var outputs = new List<string>();
        var attributes = new Dictionary<string, OnnxAttribute>(StringComparer.Ordinal);
        var node = new OnnxNode { Inputs = inputs, Outputs = outputs, Attributes = attributes };
        Message(end, (field, wire, limit) =>
        {
            switch (field)
            {
                case 1: Add(inputs, Text(wire, limit)); break;
                case 2: Add(outputs, Text(wire, limit)); break;
                case 3: node = node with { Name = Text(wire, limit) }; break;
                case 4: node = node with { OperatorType = Text(wire, limit) }; break;
                case 5:
                    OnnxAttribute attribute = Attribute(_reader.End(wire, limit));
                    if (!attributes.TryAdd(attribute.Name, attribute))
                    {
                        throw _reader.Bad($"attribute '{attribute.Name}' occurs twice in a node");
                    }

                    break;
                case 7: node = node with { Domain = Text(wire, limit) }; break;
                default: _reader.Skip(wire, limit); break;
            }
        });
        return node;
    }

    /// <summary>
    /// Reads an attribute. The type field is needed only for empty lists and default values; otherwise the value field
    /// present determines the type.
    /// </summary>
    private OnnxAttribute Attribute(long end)
    {
        string name = "";
        object? value = null;
        long type = 0;
        var floats = new List<float>();
        var integers = new List<long>();
        var texts = new List<string>();
        Message(end, (field, wire, limit) =>
        {
            switch (field)
            {
                case 1: name = Text(wire, limit); break;
                case 2: value = wire == WireType.Fixed32 ? _reader.Single() : throw WrongWire(wire); break;
                case 3: value = Integer(wire); break;
                case 4: value = Value(wire, limit); break;
                case 5: value = Tensor(_reader.End(wire, limit)); break;
                case 6: value = Graph(_reader.End(wire, limit)); break;
                case 7: Numbers(wire, limit, floats, _reader.Single, WireType.Fixed32); break;
                case 8: Numbers(wire, limit, integers, () => (long)_reader.Varint(), WireType.Varint); break;
                case 9: Add(texts, Value(wire, limit)); break;
                case 20: type = Integer(wire); break;
                default: _reader.Skip(wire, limit); break;
            }
        });
        value ??= type switch
        {
            1 => 0f,
            2 => 0L,
            3 => "",
            6 => floats,
            7 => integers,
            8 => texts,
            _ when floats.Count > 0 => floats,
            _ when integers.Count > 0 => integers,
            _ when texts.Count > 0 => texts,
            _ => null,
        };
        return new OnnxAttribute(name, value);
    }

    private void OperatorSet(long end, Dictionary<string, long> opsets)
    {
        (string domain, long version) = ("", 0);
        Message(end, (field, wire, limit) =>
        {
            switch (field)
            {
                case 1: domain = Text(wire, limit); break;
                case 2: version = Integer(wire); break;
                default: _reader.Skip(wire, limit); break;
            }
        });
        opsets[domain is "ai.onnx" ? "" : domain] = version;
    }

    private void Entry(long end, Dictionary<string, string> entries, int longest = LongestName)
    {
        (string key, string value) = ("", "");
        Message(end, (field, wire, limit) =>
        {
            switch (field)
            {
                case 1: key = Text(wire, limit); break;
                case 2: value = Text(wire, limit, longest); break;
                default: _reader.Skip(wire, limit); break;
            }
        });
        entries[key] = value;
    }

    private string FunctionName(long end)
    {
        string name = "";
        Message(end, (field, wire, limit) =>
        {
            if (field == 1)
            {
                name = Text(wire, limit);
            }
            else
            {
                _reader.Skip(wire, limit);
            }
        });
        return name;
    }

    /// <summary>Reads the fields of a message one by one.</summary>
    private void Message(long end, FieldReader read)
    {
        if (++_depth > Deepest)
        {
            throw _reader.Bad($"messages are nested more than {Deepest} deep; the file is damaged");
        }

        while (_reader.Position < end)
        {
            (int field, WireType wire) = _reader.Tag();
            read(field, wire, end);
        }

        if (_reader.Position != end)
        {
            throw _reader.Bad(
                $"a message has the wrong length (got {_reader.Position}, expected {end}); the file is damaged");
        }

        _depth--;
    }

    /// <summary>Reads a repeated number: packed, or a single element.</summary>
    private void Numbers<T>(WireType wire, long end, List<T> numbers, Func<T> read, WireType alone)
    {
        if (wire == alone)
        {
            numbers.Add(read());
            return;
        }

        long last = _reader.End(wire, end);
        while (_reader.Position < last)
        {
            numbers.Add(read());
        }

        if (_reader.Position != last)
        {
            throw _reader.Bad("a list of numbers does not end with a number; the file is damaged");
        }
    }

    private long Integer(WireType wire) => wire == WireType.Varint ? (long)_reader.Varint() : throw WrongWire(wire);

    private string Text(WireType wire, long end, int longest = LongestName)
    {
        long last = _reader.End(wire, end), length = last - _reader.Position;
        return length <= longest
            ? _reader.Text(last)
            : throw _reader.Bad(
                $"a name or text is too long (got {length} bytes, expected at most {longest}); the file is damaged");
    }

    /// <summary>
    /// Reads the text of an attribute. Of embedded data, which no operator takes, only the length is given.
    /// </summary>
    private string Value(WireType wire, long end)
    {
        long last = _reader.End(wire, end), length = last - _reader.Position;
        if (length <= LongestName)
        {
            return _reader.Text(last);
        }

        _reader.Seek(last);
        return $"({length} bytes)";
    }

    private void Add<T>(List<T> items, T item)
    {
        if (items.Count == MaxItems)
        {
            throw _reader.Bad($"a list has more than {MaxItems} items");
        }

        items.Add(item);
    }

    private ModelFormatException WrongWire(WireType wire) =>
        _reader.Bad($"a field has the wrong wire type (got {(int)wire}); the file is damaged");
}
