namespace Temper.Formats;

/// <summary>Reads bytes from a seekable stream through a buffer; bytes that are skipped are not read.</summary>
/// <param name="stream">The file.</param>
/// <param name="file">Path or name of the file, for errors.</param>
/// <param name="format">Name of the format, for errors.</param>
internal class ByteReader(Stream stream, string file, string format)
{
    private const int BufferLength = 1 << 16;

    private readonly byte[] _buffer = new byte[BufferLength];
    private long _bufferStart = stream.Position;
    private int _buffered;
    private int _next;

    /// <summary>Offset of the next byte.</summary>
    internal long Position => _bufferStart + _next;

    /// <summary>Length of the stream in bytes.</summary>
    internal long Length { get; } = stream.Length;

    /// <summary>Reads the next byte.</summary>
    internal byte Byte()
    {
        if (_next == _buffered)
        {
            Fill();
        }

        return _buffer[_next++];
    }

    /// <summary>Reads the next <paramref name="count"/> bytes; throws if the file is shorter.</summary>
    internal byte[] Bytes(long count)
    {
        if (count < 0 || count > Math.Min(Length - Position, Array.MaxLength))
        {
            throw Bad($"a value is longer than the file (got {count} bytes, expected at most {Length - Position}); it "
                + "is truncated or damaged");
        }

        byte[] bytes = new byte[(int)count];
        Read(bytes);
        return bytes;
    }

    /// <summary>Fills <paramref name="target"/> with the next bytes.</summary>
    internal void Read(Span<byte> target)
    {
        while (target.Length > 0)
        {
            if (_next < _buffered)
            {
                int count = Math.Min(target.Length, _buffered - _next);
                _buffer.AsSpan(_next, count).CopyTo(target);
                _next += count;
                target = target[count..];
            }
            else if (target.Length >= BufferLength)
            {
                long offset = Position;
                stream.Position = offset;
                int read = stream.Read(target);
                Require(read);
                (_bufferStart, _buffered, _next) = (offset + read, 0, 0);
                target = target[read..];
            }
            else
            {
                Fill();
            }
        }
    }

    /// <summary>Moves to another offset.</summary>
    internal void Seek(long offset)
    {
        long inBuffer = offset - _bufferStart;
        if (inBuffer >= 0 && inBuffer <= _buffered)
        {
            _next = (int)inBuffer;
        }
        else
        {
            (_bufferStart, _buffered, _next) = (offset, 0, 0);
        }
    }

    /// <summary>Creates the exception for a malformed file, with the current offset.</summary>
    internal ModelFormatException Bad(string reason) => new(file, Position, $"{format}: {reason}");

    private void Fill()
    {
        long offset = Position;
        stream.Position = offset;
        (_bufferStart, _buffered, _next) = (offset, 0, 0);
        _buffered = stream.Read(_buffer);
        Require(_buffered);
    }

    private void Require(int read)
    {
        if (read == 0)
        {
            throw Bad("the file ends within a value; it is truncated");
        }
    }
}
