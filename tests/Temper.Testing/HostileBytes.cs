using System.Buffers.Binary;
using System.Diagnostics;
using Temper.Randomness;
using Xunit;

namespace Temper.Testing;

/// <summary>
/// Feeds damaged copies of a valid file to a reader. The reader may throw its documented exception or return what it
/// reads. Any other exception, memory out of proportion to the file, or more than a second per copy is a failure,
/// reported with the copy.
/// </summary>
public static class HostileBytes
{
    private const long MaxAllocated = 32L * 1024 * 1024;

    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(1);

    private static readonly int[] Extremes = [0, 1, -1, int.MaxValue, int.MinValue, 0x10000000, 0x00FFFFFF, 255];

    /// <summary>Number of damaged copies per reader.</summary>
    private static int Count => FuzzTests.Inputs ?? 2000;

    /// <summary>
    /// Checks that every truncation of the file is rejected; of a long file, at most about 1100 are tried.
    /// </summary>
    public static void RefusesEveryBeginning<TError>(byte[] good, Action<byte[]> read)
        where TError : Exception
    {
        int step = 1 + (good.Length / 1000);
        for (int length = 0; length < good.Length; length += length < good.Length - 100 ? step : 1)
        {
            Assert.True(Refuses<TError>(good[..length], read, $"the first {length} of {good.Length} bytes"), $"{length} of {good.Length} bytes were read as a whole file");
        }
    }

    /// <summary>
    /// Checks copies with a few bytes changed, removed or repeated, or with a number replaced by an extreme one.
    /// </summary>
    /// <param name="good">The valid file.</param>
    /// <param name="read">Reads a file.</param>
    /// <param name="repair">
    /// Corrects checksums, so that the reader gets further; null: checksums are left as they are.
    /// </param>
    public static void Survives<TError>(byte[] good, Action<byte[]> read, Func<byte[], byte[]>? repair = null)
        where TError : Exception
    {
        for (int i = 0; i < Count; i++)
        {
            byte[] bad = Changed(good, RandomStream.FromSeed(11).Split(i).Cursor());
            Refuses<TError>(repair is null ? bad : repair(bad), read, $"copy {i}");
        }
    }

    private static bool Refuses<TError>(byte[] bad, Action<byte[]> read, string what, bool mayRepeat = true)
        where TError : Exception
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        bool isRefused = false;
        try
        {
            read(bad);
        }
        catch (TError)
        {
            isRefused = true;
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{what}: {e.GetType().Name} escaped: {e.Message} ({Convert.ToBase64String(bad)})", e);
        }

        // A busy machine may delay a reader once, but rarely the same one twice.
        bool isSlow = Stopwatch.GetElapsedTime(start) > MaxTime;
        Assert.False(isSlow && !mayRepeat, $"{what}: took longer than {MaxTime} ({Convert.ToBase64String(bad)})");
        if (isSlow)
        {
            return Refuses<TError>(bad, read, what, mayRepeat: false);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= MaxAllocated, $"{what}: took {allocated} bytes of memory ({Convert.ToBase64String(bad)})");
        return isRefused;
    }

    private static byte[] Changed(byte[] good, RandomCursor random)
    {
        List<byte> bad = [.. good];
        for (int change = random.NextInt32(4); change >= 0 && bad.Count > 4; change--)
        {
            int at = random.NextInt32(bad.Count - 3);
            switch (random.NextInt32(6))
            {
                case 0:
                    bad.RemoveRange(at, Math.Min(bad.Count - at, 1 + random.NextInt32(16)));
                    break;
                case 1:
                    bad.InsertRange(at, bad.GetRange(at, Math.Min(bad.Count - at, 1 + random.NextInt32(16))));
                    break;
                case 2:
                    byte[] number = new byte[4];
                    BinaryPrimitives.WriteInt32LittleEndian(number, Extremes[random.NextInt32(Extremes.Length)]);
                    if (random.NextBoolean())
                    {
                        Array.Reverse(number);
                    }

                    number.CopyTo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bad)[at..]);
                    break;
                default:
                    bad[at] = (byte)random.NextInt32(256);
                    break;
            }
        }

        return [.. bad];
    }
}
