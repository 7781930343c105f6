using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Tests.Support;

/// <summary>A section with every kind of block and chart.</summary>
internal static class Blocks
{
    /// <summary>One gray pixel.</summary>
    internal static byte[] Png { get; } = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==");

    internal static Section Section(string text) => new(text,
    [
        new KeyFigures([new KeyFigure(text, text, text)]),
        new ChartRow(
        [
            new LineChart { Title = text, XLabel = text, YLabel = text, Lines = [new ChartLine(text, [new(0, 1), new(1, double.NaN), new(2, 2)])] },
            new BarChart { Title = text, Labels = [text], ValueLabel = text, Bars = [new ChartBars(text, [1])] },
            new ConfusionChart { Title = text, Classes = [text], Counts = [1] },
        ]),
        new DataTable([text, "#weights"], [[text, "12"]]),
        new PictureGrid([new Picture(Png, text, IsRight: false)]),
        new Drawing($"<svg>{text}</svg>", text),
        new Paragraph(text), new Warning(text), new Listing(text), new Facts([new Fact(text, text)]),
    ]);
}
