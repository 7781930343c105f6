using System.Globalization;

namespace Temper.Training.Runs;

/// <summary>Choices of <see cref="IMethodRun.Choose"/> that are decisions, measurements or counts, not texts.</summary>
internal static class RecordedChoices
{
    private const string Yes = "yes", No = "no";

    /// <summary>Makes a decision once and records it. A resumed run gets the recorded one.</summary>
    /// <param name="run">The run.</param>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="name">Name of the decision, unique within the stage.</param>
    /// <param name="decide">Makes the decision.</param>
    internal static bool Decide(this IMethodRun run, string stage, string name, Func<bool> decide) =>
        run.Choose(stage, name, () => decide() ? Yes : No) is Yes;

    /// <summary>Measures a number once and records it. A resumed run gets the recorded one.</summary>
    /// <param name="run">The run.</param>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="name">Name of the measurement, unique within the stage.</param>
    /// <param name="measure">Measures the number.</param>
    internal static double Measure(this IMethodRun run, string stage, string name, Func<double> measure) =>
        double.Parse(
            run.Choose(stage, name, () => measure().ToString("R", CultureInfo.InvariantCulture)),
            CultureInfo.InvariantCulture);

    /// <summary>Chooses a count once and records it. A resumed run gets the recorded one.</summary>
    /// <param name="run">The run.</param>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="name">Name of the count, unique within the stage.</param>
    /// <param name="choose">Chooses the count.</param>
    internal static int ChooseCount(this IMethodRun run, string stage, string name, Func<int> choose) =>
        int.Parse(
            run.Choose(stage, name, () => choose().ToString(CultureInfo.InvariantCulture)),
            CultureInfo.InvariantCulture);
}
