using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

public sealed partial class Network
{
    /// <summary>
    /// Inserts nodes in front of the only input, such as preprocessing that is saved with the network.
    /// </summary>
    /// <param name="input">Input of the new network, for example pixels from 0 to 1.</param>
    /// <param name="body">
    /// Computes the old input's value from the new input. Its result is reshaped if only the sample shape differs, not
    /// the number of elements per sample.
    /// </param>
    /// <param name="fresh">
    /// Random stream for the initial values of the body's parameters; null: allowed only if no values have to be drawn.
    /// </param>
    /// <returns>The changed network; this network is not modified.</returns>
    /// <exception cref="InvalidOperationException">The network has several inputs.</exception>
    /// <exception cref="ShapeMismatchException">The body's result does not fit the old input.</exception>
    /// <exception cref="ArgumentException">A name is taken, or values have to be drawn without a stream.</exception>
    public Network Prepend(InputSpec input, Func<Value, Value> body, RandomStream? fresh = null)
    {
        if (Inputs is not [InputSpec old])
        {
            throw new InvalidOperationException($"Network.Prepend: wrong number of inputs (got {Inputs.Count}, "
                + "expected 1)");
        }

        input = input with { Name = Free(input.Name, old.Name) };
        var builder = new NetworkBuilder(Graph, freed: old.Name);
        Value value = builder.Input(input).Scope("preprocessing", body);
        RequireOwn(builder, "Prepend", value);
        if (!value.Shape.Equals(old.BatchShape(1)) && old.IsBatched && value.Shape.Count == old.SampleShape.Count)
        {
            value = value.Reshape([.. old.SampleShape], "preprocessing.reshape");
        }

        RequireInfo("Prepend", value, old.Name);
        return Rewired(old.Name, value.Name, builder.Nodes, fresh, [input]);
    }

    /// <summary>Returns an unused name; the name of the old input may be reused.</summary>
    private string Free(string wanted, string old)
    {
        string name = wanted;
        for (int number = 2; !string.Equals(name, old, StringComparison.Ordinal) && Graph.NumberOf(name) >= 0; number++)
        {
            name = $"{wanted}_{number}";
        }

        return name;
    }
}
