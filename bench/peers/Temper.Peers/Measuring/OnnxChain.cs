using System.Buffers.Binary;
using System.Text;

namespace Temper.Peers.Measuring;

/// <summary>
/// Writes a chain of equal convolutions as an ONNX model. The few protobuf fields are encoded by hand.
/// </summary>
internal static class OnnxChain
{
    private const int OpsetVersion = 13;

    private const int IrVersion = 7;

    private enum AttributeType
    {
        Integers = 7,
    }

    /// <param name="layer">The convolution; a chain of several requires equal shapes of input and output.</param>
    /// <param name="length">Number of convolutions.</param>
    /// <param name="weights">Weights <c>[O, I, K, K]</c>, shared by all convolutions.</param>
    public static byte[] Write(ConvolutionLayer layer, int length, ReadOnlySpan<float> weights)
    {
        var graph = new Message();
        for (int i = 0; i < length; i++)
        {
            graph.Add(1, new Message()
                .Text(1, i == 0 ? "x" : $"v{i}").Text(1, "w").Text(2, i == length - 1 ? "y" : $"v{i + 1}")
                .Text(4, "Conv")
                .Add(5, Integers("pads", layer.Padding, 4)).Add(5, Integers("strides", layer.Stride, 2)));
        }

        graph.Text(2, "chain").Add(5, Weights(layer, weights));
        graph.Add(11, Value("x", layer.Batch, layer.Inputs, layer.Size, layer.Size));
        graph.Add(12, Value("y", layer.Batch, layer.Outputs, layer.OutSize, layer.OutSize));
        return new Message().Number(1, IrVersion).Add(7, graph).Add(8, new Message().Number(2, OpsetVersion)).ToArray();
    }

    private static Message Integers(string name, int value, int count)
    {
        Message attribute = new Message().Text(1, name);
        for (int i = 0; i < count; i++)
        {
            attribute.Number(8, value);
        }

        return attribute.Number(20, (int)AttributeType.Integers);
    }

    private static Message Weights(ConvolutionLayer layer, ReadOnlySpan<float> weights)
    {
        byte[] raw = new byte[weights.Length * sizeof(float)];
        for (int i = 0; i < weights.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(raw.AsSpan(i * sizeof(float)), weights[i]);
        }

        return new Message().Number(1, layer.Outputs).Number(1, layer.Inputs).Number(1, layer.Kernel)
            .Number(1, layer.Kernel)
            .Number(2, 1).Text(8, "w").Bytes(9, raw);
    }

    private static Message Value(string name, params int[] shape)
    {
        var dimensions = new Message();
        foreach (int size in shape)
        {
            dimensions.Add(1, new Message().Number(1, size));
        }

        return new Message().Text(1, name).Add(2, new Message().Add(1, new Message().Number(1, 1).Add(2, dimensions)));
    }

    /// <summary>Fields of a protobuf message, in the order in which they are written.</summary>
    private sealed class Message
    {
        private readonly List<byte> _bytes = [];

        public Message Number(int field, int value)
        {
            Varint((uint)field << 3);
            Varint((uint)value);
            return this;
        }

        public Message Bytes(int field, ReadOnlySpan<byte> value)
        {
            Varint(((uint)field << 3) | 2);
            Varint((uint)value.Length);
            _bytes.AddRange(value);
            return this;
        }

        public Message Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

        public Message Add(int field, Message message) => Bytes(field, message.ToArray());

        public byte[] ToArray() => [.. _bytes];

        private void Varint(uint value)
        {
            for (; value >= 0x80; value >>= 7)
            {
                _bytes.Add((byte)(value | 0x80));
            }

            _bytes.Add((byte)value);
        }
    }
}
