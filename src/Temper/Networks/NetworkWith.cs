using System.Collections.ObjectModel;
using Temper.Tensors;

namespace Temper.Networks;

public sealed partial class Network
{
    /// <summary>Returns this network with some parameters replaced; everything else is shared.</summary>
    /// <param name="parameters">
    /// Parameters that replace those of the same name, with new values, flags or masks of the same shape.
    /// </param>
    /// <exception cref="KeyNotFoundException">No parameter has one of the names.</exception>
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

    /// <summary>Returns this network with the values of some buffers replaced; everything else is shared.</summary>
    /// <param name="buffers">New values by full name, with unchanged shape and dtype.</param>
    /// <exception cref="KeyNotFoundException">No buffer has one of the names.</exception>
    /// <exception cref="ShapeMismatchException">A tensor has another shape.</exception>
    public Network WithBuffers(IEnumerable<KeyValuePair<string, Tensor>> buffers)
    {
        var changed = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach ((string name, Tensor value) in buffers)
        {
            if (!Buffers.TryGetValue(name, out Tensor? held))
            {
                throw new KeyNotFoundException(
                    $"Network: no buffer has this name (got '{name}', expected one of {Names.Sample(Buffers.Keys)})");
            }

            CheckTensor(name, value, held.Shape, held.DType);
            changed[name] = value;
        }

        return With(Parameters, Buffers.Select(entry =>
            KeyValuePair.Create(entry.Key, changed.GetValueOrDefault(entry.Key, entry.Value))));
    }

    /// <summary>
    /// Returns this network with a mask on one parameter. Values are set to 0 where the mask is 0, and training keeps
    /// them 0.
    /// </summary>
    /// <param name="name">Full name of the parameter.</param>
    /// <param name="mask">
    /// Zeros and ones in the parameter's shape; null removes the mask (values are unchanged).
    /// </param>
    /// <exception cref="KeyNotFoundException">No parameter has this name.</exception>
    /// <exception cref="ArgumentException">
    /// The mask has another shape or contains values other than 0 and 1.
    /// </exception>
    public Network WithMask(string name, Tensor? mask)
    {
        if (mask is not null && mask.DType == DType.Float32 && mask.AsSpan<float>().ContainsAnyExcept(0, 1))
        {
            throw new ArgumentException(
                $"Network.WithMask: the mask of '{name}' has a value other than 0 and 1 (got another value, expected "
                + "0 or 1)", nameof(mask));
        }

        Parameter parameter = Parameters[name];
        if (mask is not null)
        {
            CheckTensor($"{name} mask", mask, parameter.Value.Shape, DType.Float32);
        }

        return WithParameters([Masked(parameter with { Mask = mask })]);
    }

    /// <summary>Returns this network with some parameters made trainable or frozen.</summary>
    /// <param name="isTrainable">True: optimizers may change them; false: they are frozen.</param>
    /// <param name="which">Selects the parameters.</param>
    public Network WithTrainable(bool isTrainable, Func<Parameter, bool> which) =>
        WithParameters(Parameters.Where(which).Select(parameter => parameter with { IsTrainable = isTrainable }));

    /// <summary>Returns this network with class names.</summary>
    /// <param name="names">Names of the classes, in order; empty removes the names.</param>
    public Network WithClassNames(IReadOnlyList<string> names) =>
        new(Graph, Parameters, Buffers) { ClassNames = [.. names], Metadata = Metadata };

    /// <summary>Returns this network with other metadata.</summary>
    /// <param name="metadata">All entries by key; they replace the existing metadata.</param>
    public Network WithMetadata(IEnumerable<KeyValuePair<string, string>> metadata) => new(Graph, Parameters, Buffers)
    {
        ClassNames = ClassNames,
        Metadata = new ReadOnlyDictionary<string, string>(new SortedDictionary<string, string>(
            new Dictionary<string, string>(metadata, StringComparer.Ordinal), StringComparer.Ordinal)),
    };

    /// <summary>
    /// Creates a network with another graph and other tensors, and with the class names and metadata of this one.
    /// </summary>
    internal Network With(
        NetworkGraph graph, IEnumerable<Parameter> parameters, IEnumerable<KeyValuePair<string, Tensor>> buffers) =>
        new(graph, parameters, buffers) { ClassNames = ClassNames, Metadata = Metadata };

    private Network With(IEnumerable<Parameter> parameters, IEnumerable<KeyValuePair<string, Tensor>> buffers) =>
        With(Graph, parameters, buffers);

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
