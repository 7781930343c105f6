using Temper.Tensors;

namespace Temper.Data.Tables;

/// <summary>The rows of a table as samples <c>[D]</c>.</summary>
/// <param name="name">Short name for logs and reports.</param>
/// <param name="table">The table.</param>
/// <param name="classes">The classes of its labels; null: it has no labels.</param>
internal sealed class TableDataset(string name, Table table, TableClasses? classes) : Dataset
{
    private readonly long[] _labels = classes?.IndicesOf(table) ?? new long[table.Rows];

    public override string Name => name;

    public override int Count => _labels.Length;

    public override Shape SampleShape { get; } = [table.Features.Count];

    public override IReadOnlyList<string> ClassNames => classes?.Names ?? [];

    public override bool HasLabels => classes is not null;

    public override void CopySample(int index, Span<float> sample) =>
        table.Values.AsSpan(index * sample.Length, sample.Length).CopyTo(sample);

    public override long Label(int index) => _labels[index];
}
