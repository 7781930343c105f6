using System.Text;

namespace Temper.Testing;

/// <summary>
/// Writes small ONNX models field by field, so that tests do not depend on the code that reads or writes models.
/// </summary>
/// <param name="opset">Version of the operator set.</param>
public sealed class OnnxModelBuilder(int opset = 17)
{
    private const int Float = 1, Int64 = 7, Bool8 = 9;
    private readonly List<byte[]> _fields = [];

    /// <summary>Adds a float32 input; an axis is a length, or a name if its length is free.</summary>
    public OnnxModelBuilder Input(string name, params object[] axes) => Input(name, Float, axes);

    /// <summary>Adds an int64 input.</summary>
    public OnnxModelBuilder Indices(string name, params object[] axes) => Input(name, Int64, axes);

    /// <summary>Adds an output.</summary>
    public OnnxModelBuilder Output(string name) => Field(12, Message(field => Put(field, 1, name)));

    /// <summary>Adds a float32 initializer.</summary>
    public OnnxModelBuilder Weight(string name, float[] values, params int[] shape) =>
        Initializer(name, Float, shape, [.. values.SelectMany(BitConverter.GetBytes)]);

    /// <summary>Adds an int64 initializer of rank 1.</summary>
    public OnnxModelBuilder Ints(string name, params long[] values) => Initializer(name, Int64, [values.Length], [.. values.SelectMany(BitConverter.GetBytes)]);

    /// <summary>Adds a scalar int64 initializer.</summary>
    public OnnxModelBuilder Int(string name, long value) => Initializer(name, Int64, [], BitConverter.GetBytes(value));

    /// <summary>Adds a scalar bool initializer.</summary>
    public OnnxModelBuilder Bool(string name, bool value) => Initializer(name, Bool8, [], [value ? (byte)1 : (byte)0]);

    /// <summary>Adds a node, named after its first output.</summary>
    /// <param name="kind">Operator type.</param>
    /// <param name="inputs">Comma-separated names; empty for an omitted input.</param>
    /// <param name="outputs">Comma-separated names.</param>
    /// <param name="attributes">Names and values: int, float, string or array of ints.</param>
    public OnnxModelBuilder Node(string kind, string inputs, string outputs, params (string Name, object Value)[] attributes) => Field(1, Message(node =>
    {
        Array.ForEach(inputs.Split(','), input => Put(node, 1, input));
        Array.ForEach(outputs.Split(','), output => Put(node, 2, output));
        Put(node, 3, outputs.Split(',')[0]);
        Put(node, 4, kind);
        foreach ((string name, object value) in attributes)
        {
            Put(node, 5, Attribute(name, value));
        }
    }));

    /// <summary>Returns the serialized model.</summary>
    public byte[] Bytes() => Message(model =>
    {
        Put(model, 1, 8);
        Put(model, 7, Message(graph => _fields.ForEach(field => graph.Write(field))));
        Put(model, 8, Message(set => Put(set, 2, opset)));
    });

    /// <summary>Writes the model to a file and returns the path.</summary>
    public string Save(string path)
    {
        File.WriteAllBytes(path, Bytes());
        return path;
    }

    private OnnxModelBuilder Input(string name, int type, object[] axes) => Field(11, Message(input =>
    {
        byte[] shape = Message(all =>
        {
            foreach (object axis in axes)
            {
                Put(all, 1, Message(one =>
                {
                    if (axis is string text)
                    {
                        Put(one, 2, text);
                    }
                    else
                    {
                        Put(one, 1, Convert.ToInt64(axis));
                    }
                }));
            }
        });
        byte[] tensor = Message(field =>
        {
            Put(field, 1, type);
            Put(field, 2, shape);
        });
        Put(input, 1, name);
        Put(input, 2, Message(field => Put(field, 1, tensor)));
    }));

    private OnnxModelBuilder Initializer(string name, int type, int[] shape, byte[] values) => Field(5, Message(tensor =>
    {
        Array.ForEach(shape, length => Put(tensor, 1, length));
        Put(tensor, 2, type);
        Put(tensor, 8, name);
        Put(tensor, 9, values);
    }));

    private static byte[] Attribute(string name, object value) => Message(attribute =>
    {
        Put(attribute, 1, name);
        switch (value)
        {
            case int number:
                Put(attribute, 3, number);
                Put(attribute, 20, 2);
                break;
            case float number:
                Tag(attribute, 2, wire: 5);
                attribute.Write(BitConverter.GetBytes(number));
                Put(attribute, 20, 1);
                break;
            case string text:
                Put(attribute, 4, text);
                Put(attribute, 20, 3);
                break;
            case int[] numbers:
                Array.ForEach(numbers, number => Put(attribute, 8, number));
                Put(attribute, 20, 7);
                break;
            default:
                throw new ArgumentException($"OnnxModelBuilder: attribute '{name}' is a {value.GetType().Name}");
        }
    });

    private OnnxModelBuilder Field(int number, byte[] message)
    {
        _fields.Add(Message(field => Put(field, number, message)));
        return this;
    }

    private static byte[] Message(Action<Stream> write)
    {
        using var stream = new MemoryStream();
        write(stream);
        return stream.ToArray();
    }

    private static void Put(Stream stream, int field, string text) => Put(stream, field, Encoding.UTF8.GetBytes(text));

    private static void Put(Stream stream, int field, byte[] bytes)
    {
        Tag(stream, field, wire: 2);
        Number(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void Put(Stream stream, int field, long number)
    {
        Tag(stream, field, wire: 0);
        Number(stream, (ulong)number);
    }

    private static void Tag(Stream stream, int field, int wire) => Number(stream, (ulong)((field << 3) | wire));

    private static void Number(Stream stream, ulong number)
    {
        for (; number >= 0x80; number >>= 7)
        {
            stream.WriteByte((byte)(number | 0x80));
        }

        stream.WriteByte((byte)number);
    }
}
