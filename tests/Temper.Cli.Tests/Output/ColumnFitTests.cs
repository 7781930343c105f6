using Temper.Cli.Output;

namespace Temper.Cli.Tests.Output;

public sealed class ColumnFitTests
{
    private static readonly TableHead[] Heads = [new("node", false), new("operator", false), new("MACs", true), new("bytes", true)];

    private static readonly string[][] Rows =
    [
        ["layer2.0.shortcut.crop", "BatchNormalization", "1,179,648", "18,432"],
        ["conv1", "Conv", "442,368", "1,728"],
    ];

    [Fact]
    public void Of_shows_all_columns_whole_where_there_is_room()
    {
        ColumnFit fit = ColumnFit.Of(Heads, Rows, width: 80);
        Assert.Equal([(0, 22), (1, 18), (2, 9), (3, 6)], fit.Shown);
        Assert.Empty(fit.LeftOut);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(50)]
    [InlineData(40)]
    [InlineData(24)]
    public void Of_keeps_the_key_and_whole_numbers_within_the_width(int width)
    {
        ColumnFit fit = ColumnFit.Of(Heads, Rows, width);
        Assert.Equal(0, fit.Shown[0].Column);
        Assert.All(fit.Shown.Where(shown => Heads[shown.Column].IsNumber), shown => Assert.True(shown.Width >= Heads[shown.Column].Head.Length));
        Assert.All(fit.Shown.Where(shown => shown.Column == 2), shown => Assert.Equal(9, shown.Width));
        Assert.True(1 + fit.Shown.Sum(shown => shown.Width + 3) <= width, $"{string.Join(", ", fit.Shown)} in {width}");
        Assert.Equal([0, 1, 2, 3], fit.Shown.Select(shown => shown.Column).Concat(fit.LeftOut).Order());
    }

    [Theory]
    [InlineData("class", "class", false)]
    [InlineData("#samples", "samples", true)]
    [InlineData("##1", "#1", true)]
    [InlineData("#", "", true)]
    public void Only_the_mark_of_numbers_is_taken_from_a_title(string column, string head, bool isNumber) =>
        Assert.Equal(new TableHead(head, isNumber), TableHead.Of(column));

    [Fact]
    public void Of_leaves_out_an_empty_column_first()
    {
        TableHead[] heads = [new("node", false), new("parameters", true), new("left", true), new("MACs", true)];
        ColumnFit fit = ColumnFit.Of(heads, [["conv1", "1,234", "", "99,999"]], width: 34);
        Assert.Equal([2], fit.LeftOut);
    }

    [Fact]
    public void Wrap_breaks_between_words_and_shortens_a_long_word_in_its_middle()
    {
        Assert.Equal("GFLOP/s on\none thread", ColumnFit.Wrap("GFLOP/s on one thread", 10));
        Assert.Equal("Batch…tion", ColumnFit.Wrap("BatchNormalization", 10));
    }

    [Fact]
    public void Title_keeps_the_name_at_the_end_of_a_path()
    {
        Assert.Equal("…s/digits.onnx on 5 samples", ColumnFit.Title("/data/models/digits.onnx on 5 samples", 14));
        Assert.Equal("digits.onnx on 5 samples", ColumnFit.Title("digits.onnx on 5 samples", 14));
        Assert.Equal(14, ColumnFit.TableWidth([4, 3]));
    }

    [Fact]
    public void Fold_loses_nothing_of_a_key()
    {
        string key = "layer4.1.conv2.weight_mask";
        string folded = ColumnFit.Fold(key, 10);
        Assert.Equal(key, folded.Replace("\n", "", StringComparison.Ordinal));
        Assert.All(folded.Split('\n'), line => Assert.InRange(line.Length, 1, 10));
    }
}
