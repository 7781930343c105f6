using Temper.Training.Tracking;

namespace Temper.Training.Tests.Tracking;

public sealed class EventFileTests
{
    public static TheoryData<byte[], uint> Checksums => new()
    {
        // RFC 3720, B.4, and the check value of CRC-32C in the catalog of parametrised CRC algorithms.
        { new byte[32], 0x8A9136AA },
        { [.. Enumerable.Repeat((byte)0xFF, 32)], 0x62A8AB43 },
        { [.. Enumerable.Range(0, 32).Select(i => (byte)i)], 0x46DD794E },
        { [.. Enumerable.Range(0, 32).Select(i => (byte)(31 - i))], 0x113FDB5C },
        { "123456789"u8.ToArray(), 0xE3069283 },
        { [], 0 },
    };

    [Theory]
    [MemberData(nameof(Checksums))]
    public void Crc32C_gives_the_published_values(byte[] bytes, uint expected) => Assert.Equal(expected, EventFile.Crc32C(bytes));

    [Fact]
    public void A_record_begins_as_TensorFlow_writes_it()
    {
        // The first record of every event file of TensorFlow has 24 bytes: 18 00 00 00 00 00 00 00 A3 7F 4B 22.
        using var stream = new MemoryStream();
        EventFile.WriteRecord(stream, new byte[24]);
        Assert.Equal("18000000000000" + "00A37F4B22", Convert.ToHexString(stream.ToArray()[..12]));
        Assert.Equal(12 + 24 + 4, stream.Length);
    }
}
