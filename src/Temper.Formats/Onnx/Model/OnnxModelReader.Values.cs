using Temper.Formats.Protobuf;

namespace Temper.Formats.Onnx;

/// <content>Reads tensors and the types of inputs and outputs.</content>
internal sealed partial class OnnxModelReader
{
    private OnnxTensor Tensor(long end)
    {
        var dims = new List<long>();
        var floats = new List<float>();
        var doubles = new List<double>();
        var integers = new List<long>();
        var external = new Dictionary<string, string>(StringComparer.Ordinal);
        bool isExternal = false;
        var tensor = new OnnxTensor { Dims = dims, Floats = floats, Doubles = doubles, Integers = integers };
        Message(end, (field, wire, limit) =>
        {
            switch (field)
            {
                case 1: Numbers(wire, limit, dims, () => (long)_reader.Varint(), WireType.Varint); break;
                case 2: tensor = tensor with { Type = (OnnxType)Integer(wire) }; break;
                case 4: Numbers(wire, limit, floats, _reader.Single, WireType.Fixed32); break;
                case 5 or 7 or 11: Numbers(wire, limit, integers, () => (long)_reader.Varint(), WireType.Varint); break;
                case 8: tensor = tensor with { Name = Text(wire, limit) }; break;
                case 9:
                    long rawEnd = _reader.End(wire, limit);
                    tensor = tensor with { RawOffset = _reader.Position, RawLength = rawEnd - _reader.Position };
                    _reader.Seek(rawEnd);
                    break;
                case 10: Numbers(wire, limit, doubles, _reader.Double, WireType.Fixed64); break;
                case 13: Entry(_reader.End(wire, limit), external); break;
                case 14: isExternal = Integer(wire) == 1; break;
                default: _reader.Skip(wire, limit); break;
            }
        });
        return isExternal ? tensor with { External = external } : tensor;
    }

    private OnnxSparseTensor SparseTensor(long end)
    {
        var dims = new List<long>();
        OnnxTensor values = new(), indices = new();
        Message(end, (field, wire, limit) =>
        {
            switch (field)
            {
                case 1: values = Tensor(_reader.End(wire, limit)); break;
                case 2: indices = Tensor(_reader.End(wire, limit)); break;
                case 3: Numbers(wire, limit, dims, () => (long)_reader.Varint(), WireType.Varint); break;
                default: _reader.Skip(wire, limit); break;
            }
        });
        return new OnnxSparseTensor(values, indices, dims);
    }

    private OnnxValueInfo ValueInfo(long end)
    {
        var info = new OnnxValueInfo("", OnnxType.Undefined, null);
        Message(end, (field, wire, limit) =>
        {
            switch (field)
            {
                case 1: info = info with { Name = Text(wire, limit) }; break;
                case 2: info = ValueType(info, _reader.End(wire, limit)); break;
                default: _reader.Skip(wire, limit); break;
            }
        });
        return info;
    }

    /// <summary>Reads a TypeProto; only tensor types are used.</summary>
    private OnnxValueInfo ValueType(OnnxValueInfo info, long end)
    {
        Message(end, (field, wire, limit) =>
        {
            if (field == 1)
            {
                Message(_reader.End(wire, limit), (inner, innerWire, innerLimit) =>
                {
                    switch (inner)
                    {
                        case 1: info = info with { Type = (OnnxType)Integer(innerWire) }; break;
                        case 2: info = info with { Axes = Axes(_reader.End(innerWire, innerLimit)) }; break;
                        default: _reader.Skip(innerWire, innerLimit); break;
                    }
                });
            }
            else
            {
                _reader.Skip(wire, limit);
            }
        });
        return info;
    }

    private List<OnnxAxis> Axes(long end)
    {
        var axes = new List<OnnxAxis>();
        Message(end, (field, wire, limit) =>
        {
            if (field != 1)
            {
                _reader.Skip(wire, limit);
                return;
            }

            var axis = new OnnxAxis(-1, "");
            Message(_reader.End(wire, limit), (inner, innerWire, innerLimit) =>
            {
                switch (inner)
                {
                    case 1: axis = new OnnxAxis(Integer(innerWire), ""); break;
                    case 2: axis = new OnnxAxis(-1, Text(innerWire, innerLimit)); break;
                    default: _reader.Skip(innerWire, innerLimit); break;
                }
            });
            Add(axes, axis);
        });
        return axes;
    }
}
