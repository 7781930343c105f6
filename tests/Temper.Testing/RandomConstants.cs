using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Testing;

/// <summary>
/// Constants of a random network: created while it is built, sometimes reused, and filled with values afterwards.
/// </summary>
internal sealed class RandomConstants(NetworkBuilder builder, RandomCursor random, bool isFree)
{
    private readonly List<(Value Value, bool IsDivisor)> _made = [];

    /// <summary>
    /// Returns a float constant of the given shape: a new one, an existing one, or one computed from others.
    /// </summary>
    internal Value Pick(Shape shape, bool isDivisor = false)
    {
        Value[] fitting = [.. _made.Where(made => made.IsDivisor == isDivisor && made.Value.DType == DType.Float32 && made.Value.Shape.Equals(shape)).Select(made => made.Value)];
        if (fitting.Length > 0 && random.NextInt32(2) == 0)
        {
            return fitting[random.NextInt32(fitting.Length)];
        }

        if (isDivisor || random.NextInt32(5) > 0)
        {
            return New(shape, DType.Float32, isDivisor);
        }

        Value factor = Pick(shape);
        return factor * (random.NextInt32(2) == 0 ? factor : New(shape, DType.Float32, isDivisor: false));
    }

    /// <summary>Applies arithmetic to a value and a constant that broadcasts to it.</summary>
    internal Value Layer(Value x) => random.NextInt32(12) switch
    {
        0 => x + Pick(ShapeFor(x)),
        1 => Pick(ShapeFor(x)) - x,
        2 => x - Pick(ShapeFor(x)),
        3 => x * Pick(ShapeFor(x)),
        4 => x / Pick(ShapeFor(x), isDivisor: true),
        5 => Pick(ShapeFor(x)) / AboveOne(x),
        6 => x.Apply(new Maximum(), null, Pick(ShapeFor(x))),
        7 => Pick(ShapeFor(x)).Apply(new Minimum(), null, x),
        8 => x.Apply(new PRelu(), null, Pick(ShapeFor(x))),
        9 => AboveOne(x).Apply(new Power(), null, Pick(Shape.Scalar)),
        10 => (x - Pick(ShapeFor(x))) / Pick(ShapeFor(x), isDivisor: true),
        _ => x * (x + Pick(Shape.Scalar)).Apply(new Clip(0, 6)) * Pick(Shape.Scalar),
    };

    /// <summary>
    /// Applies a layer to features <c>[N, D]</c>: a product with a constant matrix, or a concatenation with constants.
    /// </summary>
    internal Value FeatureLayer(Value x) => random.NextInt32(isFree ? 2 : 3) switch
    {
        0 => x.MatMul(Pick([x.Shape[1], 1 + random.NextInt32(5)])),
        1 => Pick([4, 2]).MatMul(x.Linear(6).Reshape([2, 3])).Flatten(),
        _ => x.Apply(new Concatenate(1), null, Pick([x.Shape[0], 2])),
    };

    /// <summary>
    /// Adds features computed from indices 0 to 3: rows of a table, or values selected by a comparison.
    /// </summary>
    internal Value IndexLayer(Value x, Value index)
    {
        Value whole = New([2], DType.Int64, isDivisor: false);
        Value found = random.NextInt32(2) == 0
            ? Pick([5, 3]).Apply(new Gather(), null, index + whole).Flatten()
            : index.Apply(new Compare(Comparison.Greater), null, whole).Apply(new Where(), null, Pick([2]), Pick(Shape.Scalar));
        return x + found.Linear(x.Shape[1]);
    }

    /// <summary>
    /// Returns the network with values in its constants: floats of -1.5 to 1.5, divisors of 0.5 to 2, integers 0 or 1.
    /// </summary>
    internal Network Fill(Network network, RandomStream stream)
    {
        var parameters = new List<Parameter>();
        var buffers = new List<KeyValuePair<string, Tensor>>();
        foreach ((int i, (Value value, bool isDivisor)) in _made.Index())
        {
            RandomStream own = stream.Split(i);
            float[] numbers = new float[value.Shape.Count];
            own.FillUniform(numbers, isDivisor ? 0.5f : -1.5f, isDivisor ? 2 : 1.5f);
            Tensor tensor = Tensor.From(numbers, value.Shape);
            string name = $"{value.Name}.value";
            if (value.DType == DType.Float32)
            {
                parameters.Add(network.Parameters[name] with { Value = tensor });
            }
            else
            {
                buffers.Add(KeyValuePair.Create(name, tensor.GreaterThan(Tensor.Scalar(0f)).To(value.DType)));
            }
        }

        // With the initial statistics, 0 and 1, batch normalization would have almost no effect.
        buffers.AddRange(network.Buffers.Where(buffer => buffer.Value.DType == DType.Float32).Select((buffer, i) => KeyValuePair.Create(
            buffer.Key, Tensor.From(Samples.Uniform(buffer.Value.Count, (ulong)i, 0.3f, 0.8f), buffer.Value.Shape))));
        return network.WithParameters(parameters).WithBuffers(buffers);
    }

    private static Value AboveOne(Value x) => x.Apply(new Pointwise(PointwiseFunction.Abs)).Apply(new Clip(1, float.PositiveInfinity));

    private Value New(Shape shape, DType type, bool isDivisor)
    {
        Value value = builder.Add(new ConstantValue(shape, type), $"constant{_made.Count}", parametersOf: null, []);
        _made.Add((value, isDivisor));
        return value;
    }

    /// <summary>
    /// Returns a shape that broadcasts to that of a value: some axes unchanged, the others 1, some leading axes
    /// dropped.
    /// </summary>
    private Shape ShapeFor(Value x)
    {
        int[] lengths = [.. x.Shape.Select((length, axis) => random.NextInt32(2) == 0 || (axis == 0 && (isFree || random.NextInt32(3) > 0)) ? 1 : length)];
        int first = 0;
        while (first < lengths.Length && lengths[first] == 1 && random.NextInt32(3) > 0)
        {
            first++;
        }

        return Shape.Create(lengths.AsSpan(first));
    }
}
