using System.Text;
using Temper.Formats;
using Temper.Networks;
using Temper.Testing;

namespace Temper.Data.Tests.Tables;

/// <summary>Tables as found in practice are read; what is not certain is refused with its line.</summary>
public sealed class TableSetsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Malformed => new()
    {
        { "", "the file is empty" },
        { "\uFEFF", "the file is empty" },
        { "a,b", "no rows" },
        { "a,b\n\n\n", "no rows" },
        { "a;b\n1;x\n", "only one column, 'a;b'" },
        { "1,2\n3,4\n", "the first row has only numbers" },
        { ",a,b\n0,1,x\n", "column 1 has no name" },
        { "a, a,b\n0,1,x\n", "two columns have the same name ('a')" },
        { "a,b\n1,x\n2\n", "line 3: the row has too few values (got 1, expected 2)" },
        { "a,b\n1,x\n2,y,z\n", "line 3: the row has too many values (expected 2)" },
        { "a,b\n1,x\n\n,y\n", "line 4: column 1 'a': the value is missing" },
        { "a,b\n1,x\n2,\n", "line 3: column 2 'b': the value is missing" },
        { "a,b\n1,x\nNA,y\n", "line 3: column 1 'a': not a number (got 'NA'" },
        { "a,b\n1,x\nNaN,y\n", "line 3: column 1 'a': not a number (got 'NaN'" },
        { "a,b\n1,x\n1e99,y\n", "line 3: column 1 'a': not a number (got '1e99'" },
        { "a,b\n1,x\n\"1,5\",y\n", "line 3: column 1 'a': not a number (got '1,5'" },
        { "a,b\n1,x\n\"2,y\n3,z\n", "line 3: a quote is not closed" },
        { "a,b\n1,\"x\"y\n", "line 2: text after the closing quote" },
        { "a,b\n1,x\"y\"\n", "line 2: a quote in a value without quotes" },
        { "a,b\n1,x\n2,\0\n", "line 3: a NUL character" },
        { "a,b\n1,0\n2,0.5\n", "line 3: the label is not a class (got '0.5'" },
        { "a,b\n1,0\n2,100000\n", "line 3: the label is not a class (got '100000'" },
        { $"a,b\n1,{new string('x', 5000)}\n", "line 2: a value is too long" },
    };

    public static TheoryData<string, string> BadOptions => new()
    {
        { "label=c", "no column has this name (got 'c', expected one of a, b)" },
        { "skip=b", "the column of labels cannot be skipped ('b')" },
        { "skip=a", "no column is left" },
        { "labl=b", "csv has no option 'labl' (expected label, skip, delimiter, test, scale, seed)" },
        { "test=1", "test is out of range (got 1, expected a share from 0 to below 1, or a file)" },
        { "test=none.csv", "the table does not exist: 'none.csv'" },
        { "scale=log", "unknown scale (got 'log', expected none or standard)" },
        { "delimiter=x", "unknown delimiter (got 'x', expected comma, semicolon, tab or pipe)" },
        { "seed=-1", "cannot be parsed" },
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_constant_column_is_only_shifted_for_any_number_of_rows()
    {
        string other = _folder.Write("other.csv", "x,y,c\n1,6,a\n");
        string rows = string.Concat(Enumerable.Range(0, 100).Select(i => $"{i},5,a\n"));
        DataSets sets = Open($"x,y,c\n{rows}", $"test={other}&scale=standard");
        Assert.All(Scaled(sets, sets.Train).Where((_, i) => i % 2 == 1), value => Assert.Equal(0, value));
        Assert.Equal(1, Scaled(sets, sets.Test)[1]);
    }

    [Fact]
    public void Text_labels_are_classes_in_ordinal_order()
    {
        DataSets sets = Open("kind,x,y\nb,1,2.5\nB,-3,4e2\nä,5,+6\nb,7,.5\n", "label=kind&test=0");
        Assert.Equal(["B", "b", "ä"], sets.Train.ClassNames);
        Assert.Equal([1L, 0, 2, 1], Labels(sets.Train));
        Assert.Equal([1, 2.5f, -3, 400, 5, 6, 7, 0.5f], Values(sets.Train));
        Assert.Equal((0, "table"), (sets.Test.Count, sets.Train.Name));
        Assert.Equal([2], sets.Test.SampleShape);
    }

    [Theory]
    [InlineData("2\n0\n2", 3, "2,0,2")]
    [InlineData("1.0\n3.0\n1.0", 4, "1,3,1")]           // as pandas writes whole numbers in a column of floats
    [InlineData("-1\n1\n-1", 2, "0,1,0")]
    [InlineData("7\nseven\n7", 2, "0,1,0")]
    [InlineData("x\nx\nx", 1, "0,0,0")]
    public void Whole_numbers_are_classes_and_other_labels_are_names(string labels, int classes, string expected)
    {
        string[] rows = labels.Split('\n');
        Dataset set = Open($"x,label\n{string.Join('\n', rows.Select(label => $"1,{label}"))}\n", "test=0").Train;
        Assert.Equal(classes, set.ClassNames.Count);
        Assert.Equal(expected, string.Join(',', Labels(set)));
    }

    [Theory]
    [InlineData("x,name\n1,\"a, \"\"b\"\"\nc\"\n", "test=0")]
    [InlineData("\uFEFF\"x\",name\r\n 1 ,\"a, \"\"b\"\"\r\nc\"", "test=0")]
    [InlineData("x,name\r1,\"a, \"\"b\"\"\rc\"\r\r", "test=0")]
    [InlineData("x;name\n1;\"a, \"\"b\"\"\nc\"\n", "test=0&delimiter=semicolon")]
    [InlineData("x\tname\n1\t\"a, \"\"b\"\"\nc\"\n", "test=0&delimiter=tab")]
    [InlineData("id|x|name\nr1|1|\"a, \"\"b\"\"\nc\"\n", "test=0&delimiter=|&skip=id")]
    public void Files_of_other_programs_are_read(string text, string options)
    {
        Dataset set = Open(text, options).Train;
        Assert.Equal(["a, \"b\"\nc"], set.ClassNames);
        Assert.Equal([1], Values(set));
    }

    [Fact]
    public void Test_part_has_its_share_of_each_class_and_depends_on_the_seed_only()
    {
        string text = "x,c\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"{i},{(i % 4 == 0 ? "a" : "b")}\n"));
        DataSets sets = Open(text, ""), more = Open(text, "test=0.4");
        Assert.Equal((80, 20, 60, 40), (sets.Train.Count, sets.Test.Count, more.Train.Count, more.Test.Count));
        Assert.Equal(5, Labels(sets.Test).Count(label => label == 0));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (float)i), Values(sets.Train).Concat(Values(sets.Test)).Order());
        Assert.Equal(Values(sets.Test), Values(Open(text, "seed=1&test=0.2").Test));
        Assert.NotEqual(Values(sets.Test), Values(Open(text, "seed=2").Test));
    }

    [Fact]
    public void Test_part_may_be_another_file()
    {
        string other = _folder.Write("other.csv", "x,c\n9,d\n8,a\n");
        DataSets sets = Open("x,c\n1,a\n3,b\n", $"test={other}&scale=standard");
        Assert.Equal(["a", "b", "d"], sets.Train.ClassNames);
        Assert.Equal(sets.Train.ClassNames, sets.Test.ClassNames);
        Assert.Equal([2L, 0], Labels(sets.Test));
        Assert.Equal([1, 3, 9, 8], Values(sets.Train).Concat(Values(sets.Test)));
        Assert.Equal([2, 1], sets.Scaling!.Mean.Concat(sets.Scaling.Deviation));           // of the training part
        _folder.Write("other.csv", "y,c\n9,d\n");
        Assert.Contains("the columns differ", Assert.Throws<ModelFormatException>(() => Open("x,c\n1,a\n3,b\n", $"test={other}")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scaled_values_have_mean_0_and_deviation_1_and_constants_become_0()
    {
        const string Text = "x,y,c\n1,5,a\n2,5,b\n6,5,a\n";
        DataSets sets = Open(Text, "test=0&scale=standard");
        Assert.Equal([1, 5, 2, 5, 6, 5], Values(sets.Train));
        Assert.Null(Open(Text, "test=0").Scaling);
        float[] values = Scaled(sets, sets.Train);
        Assert.Equal([0, 0, 0], values.Where((_, i) => i % 2 == 1));
        float[] x = [.. values.Where((_, i) => i % 2 == 0)];
        Assert.Equal(0, x.Sum(), 1e-5f);
        Assert.Equal(3, x.Sum(value => value * value), 1e-4f);
    }

    [Theory]
    [InlineData("1e-30", "2e-30")]
    [InlineData("1e30", "2e30")]
    public void A_column_whose_variance_is_not_a_number_of_single_precision_is_refused(string one, string two) => Assert.Contains(
        "the standard deviation of input column 2 is out of range",
        Assert.Throws<ModelFormatException>(() => Open($"x,y,c\n1,{one},a\n2,{two},b\n", "test=0&scale=standard")).Message, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Malformed_table_is_refused_with_its_place(string text, string why)
    {
        var error = Assert.Throws<ModelFormatException>(() => Open(text, ""));
        Assert.StartsWith(_folder["table.csv"], error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Option_that_cannot_be_used_is_refused(string options, string why)
    {
        Exception error = Assert.ThrowsAny<Exception>(() => Open("a,b\n1,x\n2,y\n", options));
        Assert.True(error is ArgumentException or DataUnavailableException or ModelFormatException, $"{error.GetType()}");
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_is_not_utf_8_is_refused()
    {
        File.WriteAllBytes(_folder["table.csv"], [.. "a,b\n1,"u8, 0xE4, (byte)'\n']);
        Assert.Contains("not UTF-8", Assert.Throws<ModelFormatException>(() => DataSource.Open(_folder["table.csv"])).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder["table.csv"], "a,b\n1,x\n", Encoding.Unicode);
        Assert.Throws<ModelFormatException>(() => DataSource.Open(_folder["table.csv"]));
    }

    [Fact]
    public void Missing_table_is_said_to_be_missing() =>
        Assert.Throws<DataUnavailableException>(() => DataSource.Open(_folder["none.csv"]));

    [Theory]
    [InlineData("a,b,c\n1,2.5,x\n-3e2,4,\"y, \"\"z\"\"\"\r\n5,6,x\n7,8,w\n", "")]
    [InlineData("\uFEFFc;a;b\n0;1;2\n1;3;4\n2;5;6\n0;7;8\n1;9;10\n", "label=c&delimiter=semicolon&scale=standard")]
    public void Damaged_table_is_read_or_refused(string text, string options) => HostileBytes.Survives<ModelFormatException>(Encoding.UTF8.GetBytes(text), bytes =>
    {
        File.WriteAllBytes(_folder["table.csv"], bytes);
        DataSets sets = DataSource.Open($"{_folder["table.csv"]}?{options}");
        Assert.All(Values(sets.Train).Concat(Values(sets.Test)), value => Assert.True(float.IsFinite(value)));
        Assert.All(Labels(sets.Train).Concat(Labels(sets.Test)), label => Assert.InRange(label, 0, sets.Train.ClassNames.Count - 1));
    });

    private DataSets Open(string text, string options)
    {
        File.WriteAllText(_folder["table.csv"], text, new UTF8Encoding(false));
        return DataSource.Open(options.Length == 0 ? _folder["table.csv"] : $"{_folder["table.csv"]}?{options}");
    }

    /// <summary>The rows of a set as a network receives them that begins with the scaling.</summary>
    private static float[] Scaled(DataSets sets, Dataset set) =>
        Network.Build(InputSpec.Features(set.SampleShape.Count), x => x.Apply(sets.Scaling!)).Forward(set.Read(0, set.Count).Inputs).ToArray<float>();

    private static float[] Values(Dataset set) => set.Read(0, set.Count).Inputs.ToArray<float>();

    private static long[] Labels(Dataset set) => [.. Enumerable.Range(0, set.Count).Select(set.Label)];
}
