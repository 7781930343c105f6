using Temper.Networks;
using Temper.Optimization;
using Temper.Tensors;

namespace Temper.Training;

/// <summary>The parameters of a network that an optimizer changes, with their optimizer states.</summary>
internal sealed class TrainedParameters
{
    private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);

    internal TrainedParameters(
        Network network, LearnerOptions options, Func<Parameter, (OptimizerState State, float[]? Average)> remembered)
    {
        foreach (Parameter parameter in network.Parameters)
        {
            ParameterGroup group = ParameterGroup.Resolve(options.Groups, parameter);
            if (!group.IsFrozen)
            {
                (OptimizerState state, float[]? average) = remembered(parameter);
                if (parameter.Value.Storage.Version == 0)
                {
                    // Marks values that will change, for those who keep a network: they must copy them.
                    parameter.Value.Storage.MarkWritten();
                }

                _indices.Add(parameter.Name, All.Count);
                All.Add(new TrainedParameter(parameter, group, state, average));
            }
        }

        if (All.Count == 0)
        {
            throw new ArgumentException(
                $"Learner: no parameter can be trained (got {network.Parameters.Count} parameters, all frozen); "
                + "unfreeze some of them",
                nameof(network));
        }

        Names = [.. All.Select(trained => trained.Parameter.Name)];
        Sources = [.. All.Select(trained => trained.Parameter.Value)];
    }

    internal List<TrainedParameter> All { get; } = [];

    internal int Count => All.Count;

    internal IReadOnlyList<string> Names { get; }

    /// <summary>Values of the parameters: the tensors that a tape watches.</summary>
    internal Tensor[] Sources { get; }

    internal int IndexOf(string name) => _indices.TryGetValue(name, out int index)
        ? index
        : throw new KeyNotFoundException($"Gradients: no trained parameter has this name (got '{name}'); the names are "
            + $"{string.Join(", ", Names.Take(8))}{(Count > 8 ? ", ..." : "")}");

    internal TrainedParameter? Find(string name) => _indices.TryGetValue(name, out int index) ? All[index] : null;

    /// <summary>Returns whether a parameter of a network is trained under these options.</summary>
    internal static bool IsTrained(Parameter parameter, LearnerOptions options) =>
        !ParameterGroup.Resolve(options.Groups, parameter).IsFrozen;
}

/// <summary>One trained parameter.</summary>
/// <param name="Parameter">Name, mask, and the value that is updated in place.</param>
/// <param name="Group">Learning-rate factor and weight decay.</param>
/// <param name="State">State of the optimizer for this parameter.</param>
/// <param name="Average">Averaged values; null without an average.</param>
internal sealed record TrainedParameter(
    Parameter Parameter, ParameterGroup Group, OptimizerState State, float[]? Average);
