using System.Buffers.Binary;
using System.Text.Json;
using Temper.Data.Images;

namespace Temper.Data.Tests.Images;

/// <summary>Images written by other programs, with the pixels that Pillow reads (eng/golden/pictures.py).</summary>
internal static class GoldenPictures
{
    internal static JsonDocument Open() =>
        JsonDocument.Parse(typeof(GoldenPictures).Assembly.GetManifestResourceStream("Temper.Data.Tests.Golden.pictures.json")!);

    internal static byte[] File(string name)
    {
        using JsonDocument golden = Open();
        return golden.RootElement.GetProperty(name).GetProperty("file").GetBytesFromBase64();
    }

    /// <summary>Recomputes, in place, the checksums of all chunks that can be reached.</summary>
    internal static byte[] WithCheckSums(byte[] png)
    {
        for (long at = 8; at + 12 <= png.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan((int)at));
            if (length > png.Length - at - 12)
            {
                break;
            }

            Span<byte> chunk = png.AsSpan((int)at + 4, (int)length + 4);
            BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan((int)(at + 8 + length)), Crc32.Of(chunk[..4], chunk[4..]));
            at += 12 + length;
        }

        return png;
    }
}
