using System.Globalization;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Snooping.Logs;

/// <summary>Checks observations that arrive from outside.</summary>
internal static class FiniteValues
{
    /// <summary>Throws if an observation contains NaN or infinity.</summary>
    /// <param name="operation">Name of the operation, with which the message begins.</param>
    /// <param name="observation">The observation.</param>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    internal static void Require(string operation, ReadOnlySpan<float> observation)
    {
        // Values are compared one by one only if the vectorized check has found something.
        int bad = TensorPrimitives.IsFiniteAll(observation) ? observation.Length : 0;
        while (bad < observation.Length && float.IsFinite(observation[bad]))
        {
            bad++;
        }

        if (bad < observation.Length)
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"{operation}: the observation is not finite (got "
                    + $"{observation[bad]} at index {bad}, expected finite numbers); check where it comes from"),
                nameof(observation));
        }
    }
}
