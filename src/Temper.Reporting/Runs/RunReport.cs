using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Runs;

/// <summary>The report of a run.</summary>
internal sealed record RunReport
{
    internal required RunRecord Run { get; init; }

    internal required IReadOnlyList<SampleRecord> Samples { get; init; }

    /// <summary>The resolved settings, as in <c>config.yaml</c>.</summary>
    internal required string Config { get; init; }

    /// <summary>Machine and versions by name.</summary>
    internal required IReadOnlyList<(string Name, string Value)> Environment { get; init; }

    private NetworkRecord First => Run.Networks[0];

    private NetworkRecord Last => Run.Networks[^1];

    private bool IsComparison => Run.Networks.Count > 1;

    internal Report ToReport() => new()
    {
        Title = IsComparison ? $"{Run.Network} made lean on {Run.Data}" : $"{Run.Network} on {Run.Data}",
        Subtitle = $"temper {Run.Command}, seed {Run.Seed}, {Duration(Run.Seconds)}",
        Sections = [.. Sections()],
        Footer = "Accuracies are of the test samples, which were used once, at the end; epochs were chosen on validation samples held out of the training samples.",
    };

    private IEnumerable<Section> Sections()
    {
        yield return new Section("Result", [new TileRow([.. Tiles()])]);
        if (Run.Phases.Count > 0)
        {
            yield return new Section("Training", [new ChartRow([Curves("Validation accuracy, %", epoch => epoch.ValidationAccuracy * 100), Losses()])]);
        }

        yield return new Section("Weights left in each layer", [.. Layers()]);
        if (Run.Confusion.Count > 0)
        {
            int classes = Run.Classes.Count;
            yield return new Section("Confusion on the test samples",
                [new ChartRow([new ConfusionChart { Title = $"{Last.Name} network", Classes = Run.Classes, Count = (row, column) => Run.Confusion[(row * classes) + column] }])]);
        }

        if (Samples.Count > 0)
        {
            yield return new Section("Test samples and what the network says", [new PictureGrid([.. Samples.Select(Picture)])]);
        }

        yield return new Section("Do it again", [new Listing(string.Join('\n', Run.Reproduce)), new Facts(Environment), new Listing(Config)]);
    }

    private IEnumerable<Tile> Tiles()
    {
        if (IsComparison)
        {
            yield return new Tile($"Test accuracy, {First.Name}", Percent(First.TestAccuracy));
            double? lost = (First.TestAccuracy - Last.TestAccuracy) * 100;
            yield return new Tile($"Test accuracy, {Last.Name}", Percent(Last.TestAccuracy), lost switch
            {
                null => "",
                < 0 => $"{-lost:F2} points gained",
                _ => $"{lost:F2} points lost",
            });
        }
        else
        {
            yield return new Tile("Test accuracy", Percent(Last.TestAccuracy));
        }

        yield return new Tile("Weights left", $"{Last.Left:N0}", $"of {Last.Total:N0}");
        if (Last.Left < Last.Total)
        {
            yield return new Tile("Fewer weights", double.IsFinite(Last.Ratio) ? $"{Last.Ratio:F1} ×" : "∞");
        }

        yield return new Tile("File, after gzip", Bytes(Last.CompressedBytes), IsComparison ? $"{First.Name}: {Bytes(First.CompressedBytes)}" : $"{Bytes(Last.Bytes)} before");
    }

    private LineChart Curves(string title, Func<EpochRecord, double?> value) => new()
    {
        Title = title,
        XLabel = "epoch",
        HasWholeX = true,
        Lines = [.. Run.Phases.Select(phase => Line(phase.Name, phase, value))],
    };

    private LineChart Losses() => Run.Phases.Count > 1
        ? Curves("Training loss, without the regularizer", epoch => epoch.TrainLoss)
        : Curves("Loss", epoch => epoch.TrainLoss) with
        {
            Lines = [Line("training", Run.Phases[0], epoch => epoch.TrainLoss), Line("validation", Run.Phases[0], epoch => epoch.ValidationLoss)],
        };

    private static ChartLine Line(string name, PhaseRecord phase, Func<EpochRecord, double?> value) =>
        new(name, [.. phase.Epochs.Select(epoch => (epoch.Epoch + 1.0, value(epoch) ?? double.NaN))]);

    private IEnumerable<Block> Layers()
    {
        yield return new ChartRow(
        [
            new BarChart
            {
                Title = "Weights left, % of the layer", Labels = [.. Last.Layers.Select(layer => layer.Name)], Maximum = 100, ValueFormat = "0.##",
                Bars = [.. Run.Networks.Select(network => new ChartBars(network.Name, [.. network.Layers.Select(layer => Share(layer) * 100)]))],
            },
        ]);
        string[] head = ["layer", "#weights", .. Run.Networks.Select(network => $"#left, {network.Name}"), "#times fewer"];
        yield return new DataTable(head, [.. Last.Layers.Select((layer, i) => Row(layer.Name, layer.Total, [.. Run.Networks.Select(network => network.Layers[i].Left)])),
            Row("all", Last.Total, [.. Run.Networks.Select(network => network.Left)])]);
    }

    private static IReadOnlyList<string> Row(string name, long total, IReadOnlyList<long> left) =>
        [name, $"{total:N0}", .. left.Select(count => $"{count:N0}"), left[^1] == 0 ? "∞" : $"{(double)total / left[^1]:F1}"];

    private Picture Picture(SampleRecord sample)
    {
        bool isRight = sample.Label == sample.Predicted;
        string name = Run.Classes[sample.Predicted];
        return new Picture(sample.Png, isRight ? $"{name}, {sample.Probability:P0}" : $"{name}, is {Run.Classes[sample.Label]}", isRight);
    }

    private static double Share(LayerRecord layer) => layer.Total == 0 ? double.NaN : (double)layer.Left / layer.Total;

    private static string Percent(double? part) => part is { } value ? $"{value * 100:F2} %" : "–";

    private static string Bytes(long bytes) => bytes < 1 << 20 ? $"{bytes / 1024.0:F1} KiB" : $"{bytes / (1024.0 * 1024):F2} MiB";

    private static string Duration(double seconds) => seconds < 90 ? $"{seconds:F0} seconds" : $"{(int)(seconds / 60)} min {(int)seconds % 60} s";
}
