using System.Collections.ObjectModel;
using Temper.Tensors;

namespace Temper.Networks;

public sealed partial class Network
{
    /// <summary>This network with other values, flags or masks of some parameters; the rest is shared.</summary>
    /// <param name="parameters">Parameters that replace those of their names; shapes stay.</param>
    /// <exception cref="KeyNotFoundException">There is no parameter of a name.</exception>
    /// <exception cref="ShapeMismatchException">A value or mask has another shape.</exception>
    public Network WithParameters(IEnumerable<Parameter> parameters)
    {
        var changed = new Dictionary<string, Parameter>(StringComparer.Ordinal);
        foreach (Parameter parameter in parameters)
        {
            Shape expected = Parameters[parameter.Name].Value.Shape;
            CheckTensor(parameter.Name, parameter.Value, expected, DType.Float32);
            if (parameter.Mask is not null)
            {
                CheckTensor($"{parameter.Name} mask", parameter.Mask, expected, DType.Float32);
            }

            changed[parameter.Name] = parameter with { Value = parameter.Value.ToRowMajor() };
        }

        return With(Parameters.Select(parameter => changed.GetValueOrDefault(parameter.Name, parameter)), Buffers);
    }

    /// <summary>This network with other values of some buffers; the rest is shared.</summary>
    /// <param name="buffers">Tensors by full name; shapes and dtypes stay.</param>
    /// <exception cref="KeyNotFoundException">There is no buffer of a name.</exception>
    /// <exception cref="ShapeMismatchException">A tensor has another shape.</exception>
    public Network WithBuffers(IEnumerable<KeyValuePair<string, Tensor>> buffers)
    {
        var changed = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach ((string name, Tensor value) in buffers)
        {
            if (!Buffers.TryGetValue(name, out Tensor? held))
            {
                throw new KeyNotFoundException(
                    $"Network: no buffer has this name (got '{name}'); the names are {Names.Sample(Buffers.Keys)}");
            }

            CheckTensor(name, value, held.Shape, held.DType);
            changed[name] = value;
        }

        return With(Parameters, Buffers.Select(entry =>
            KeyValuePair.Create(entry.Key, changed.GetValueOrDefault(entry.Key, entry.Value))));
    }

    /// <summary>
    /// This network with a mask on one parameter: where it is 0 the value becomes 0, and training keeps it so.
    /// </summary>
    /// <param name="name">Full name of the parameter.</param>
    /// <param name="mask">Zeros and ones of the parameter's shape; null takes the mask away (values stay).</param>
    /// <exception cref="KeyNotFoundException">There is no parameter of this name.</exception>
    /// <exception cref="ArgumentException">The mask has another shape, or values other than 0 and 1.</exception>
    public Network WithMask(string name, Tensor? mask)
    {
        if (mask is not null && mask.DType == DType.Float32 && mask.AsSpan<float>().ContainsAnyExcept(0, 1))
        {
            throw new ArgumentException(
                $"Network.WithMask: '{name}' wants a mask of zeros and ones (got another value)", nameof(mask));
        }

        Parameter parameter = Parameters[name];
        if (mask is not null)
        {
            CheckTensor($"{name} mask", mask, parameter.Value.Shape, DType.Float32);
        }

        return WithParameters([Masked(parameter with { Mask = mask })]);
    }

    /// <summary>This network with some parameters open to training, or closed to it.</summary>
    /// <param name="isTrainable">Whether an optimizer may change them.</param>
    /// <param name="which">Picks the parameters.</param>
    public Network WithTrainable(bool isTrainable, Func<Parameter, bool> which) =>
        WithParameters(Parameters.Where(which).Select(parameter => parameter with { IsTrainable = isTrainable }));

    /// <summary>This network with names of its classes.</summary>
    /// <param name="names">One for each class, in order.</param>
    public Network WithClassNames(IReadOnlyList<string> names) =>
        new(Graph, Parameters, Buffers) { ClassNames = [.. names], Metadata = Metadata };

    /// <summary>This network with other texts.</summary>
    /// <param name="metadata">Texts by key.</param>
    public Network WithMetadata(IEnumerable<KeyValuePair<string, string>> metadata) => new(Graph, Parameters, Buffers)
    {
        ClassNames = ClassNames,
        Metadata = new ReadOnlyDictionary<string, string>(new SortedDictionary<string, string>(
            new Dictionary<string, string>(metadata, StringComparer.Ordinal), StringComparer.Ordinal)),
    };

    private Network With(IEnumerable<Parameter> parameters, IEnumerable<KeyValuePair<string, Tensor>> buffers) =>
        new(Graph, parameters, buffers) { ClassNames = ClassNames, Metadata = Metadata };

    private static Parameter Masked(Parameter parameter)
    {
        if (parameter.Mask is null)
        {
            return parameter;
        }

        ReadOnlySpan<float> mask = parameter.Mask.AsSpan<float>();
        float[] values = parameter.Value.ToArray<float>();
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = mask[i] == 0 ? 0 : values[i];
        }

        return parameter with { Value = Tensor.From(values, parameter.Value.Shape) };
    }

    private static void CheckTensor(string name, Tensor value, Shape shape, DType type)
    {
        if (!value.Shape.Equals(shape))
        {
            throw new ShapeMismatchException(name, value.Shape, shape.ToString());
        }

        if (value.DType != type)
        {
            throw new ArgumentException($"{name}: wrong dtype (got {value.DType}, expected {type}); convert it first");
        }
    }
}
