using System.Buffers.Binary;
using Temper.Training.Tests.Support;
using Temper.Training.Tracking;

namespace Temper.Training.Tests.Tracking;

public sealed class TensorBoardWriterTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_file_begins_with_its_version_and_is_named_by_its_time()
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path, _ => { });
        string path = Assert.Single(Directory.GetFiles(folder.Path));
        Assert.StartsWith($"events.out.tfevents.{Now.ToUnixTimeSeconds()}.", Path.GetFileName(path), StringComparison.Ordinal);
        var fields = EventReader.Fields(Assert.Single(EventReader.Records(File.ReadAllBytes(path))));
        Assert.Equal("brain.Event:2", fields.Text(3));
        Assert.Equal(Now.ToUnixTimeSeconds(), fields.Double(1));
    }

    [Fact]
    public void Two_files_of_one_second_do_not_overwrite_each_other()
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path, writer => writer.AddScalar("a", 1, 1));
        Write(folder.Path, writer => writer.AddScalar("a", 2, 2));
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void AddScalar_writes_tag_step_and_value()
    {
        (long step, var value) = OnlyValue(writer => writer.AddScalar("train/loss", 300, 0.25f));
        Assert.Equal(300, step);
        Assert.Equal("train/loss", value.Text(1));
        Assert.Equal(0.25f, BitConverter.UInt32BitsToSingle((uint)value[2].Single().Bits));
    }

    [Fact]
    public void AddHistogram_counts_every_finite_value_once()
    {
        float[] values = [-1, -1, 0, 0.5f, 3, float.NaN, float.PositiveInfinity];
        var histogram = EventReader.Fields(OnlyValue(writer => writer.AddHistogram("weights", 1, values)).Value[5].Single().Bytes);
        Assert.Equal((-1.0, 3.0, 5.0, 1.5, 11.25), (histogram.Double(1), histogram.Double(2), histogram.Double(3), histogram.Double(4), histogram.Double(5)));
        double[] limits = Doubles(histogram[6].Single().Bytes), counts = Doubles(histogram[7].Single().Bytes);
        Assert.Equal(limits.Length, counts.Length);
        Assert.Equal(limits.Order(), limits);
        Assert.Equal(3, limits[^1], 1e-12);
        Assert.Equal(5, counts.Sum());
        Assert.Equal(2, counts[0]);
        Assert.Equal(1, counts[^1]);
    }

    [Theory]
    [InlineData(new float[0], 0)]
    [InlineData(new[] { 2f, 2f, 2f }, 3)]
    public void AddHistogram_of_nothing_or_of_equal_values_has_one_bin(float[] values, double count)
    {
        var histogram = EventReader.Fields(OnlyValue(writer => writer.AddHistogram("weights", 1, values)).Value[5].Single().Bytes);
        Assert.Equal([count], Doubles(histogram[7].Single().Bytes));
    }

    [Fact]
    public void AddImage_writes_size_and_bytes()
    {
        byte[] png = [1, 2, 3];
        var image = EventReader.Fields(OnlyValue(writer => writer.AddImage("sample", 1, png, (28, 300, 3))).Value[4].Single().Bytes);
        Assert.Equal([28UL, 300UL, 3UL], [image[1].Single().Bits, image[2].Single().Bits, image[3].Single().Bits]);
        Assert.Equal(png, image[4].Single().Bytes);
    }

    [Fact]
    public void AddText_names_the_text_plugin()
    {
        var value = OnlyValue(writer => writer.AddText("config", 0, "**seed** 1")).Value;
        var tensor = EventReader.Fields(value[8].Single().Bytes);
        Assert.Equal(7UL, tensor[1].Single().Bits);
        Assert.Equal("**seed** 1", tensor.Text(8));
        Assert.Equal("text", EventReader.Fields(EventReader.Fields(value[9].Single().Bytes)[1].Single().Bytes).Text(1));
    }

    private static (long Step, ILookup<int, (ulong Bits, byte[] Bytes)> Value) OnlyValue(Action<TensorBoardWriter> write)
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path, write);
        List<byte[]> records = EventReader.Records(File.ReadAllBytes(Assert.Single(Directory.GetFiles(folder.Path))));
        Assert.Equal(2, records.Count);
        var fields = EventReader.Fields(records[1]);
        return ((long)fields[2].Single().Bits, EventReader.Fields(EventReader.Fields(fields[5].Single().Bytes)[1].Single().Bytes));
    }

    private static void Write(string folder, Action<TensorBoardWriter> write)
    {
        using var writer = new TensorBoardWriter(folder, new StoppedClock(Now));
        write(writer);
    }

    private static double[] Doubles(byte[] packed) =>
        [.. Enumerable.Range(0, packed.Length / 8).Select(i => BinaryPrimitives.ReadDoubleLittleEndian(packed.AsSpan(8 * i)))];
}
