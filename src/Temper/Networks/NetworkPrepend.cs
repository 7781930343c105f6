using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

public sealed partial class Network
{
    /// <summary>Puts nodes before the only input: preprocessing that is saved with the network.</summary>
    /// <param name="input">What the new network takes in, for example pixels of 0 to 1.</param>
    /// <param name="body">
    /// Gives the old input's value from the new one's; a value of as many elements a sample is reshaped to fit.
    /// </param>
    /// <param name="fresh">
    /// Where first values of the body's parameters come from; null: the body may have none that are drawn.
    /// </param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="InvalidOperationException">The network has several inputs.</exception>
    /// <exception cref="ShapeMismatchException">What the body gives does not fit the old input.</exception>
    /// <exception cref="ArgumentException">A name is taken, or new values need a stream.</exception>
    public Network Prepend(InputSpec input, Func<Value, Value> body, RandomStream? fresh = null)
    {
        if (Inputs is not [InputSpec old])
        {
            throw new InvalidOperationException($"Network.Prepend: needs one input (got {Inputs.Count})");
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

    /// <summary>A name that no node has; the old input's own is free again.</summary>
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
