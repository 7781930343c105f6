using System.Runtime.InteropServices;

namespace Temper.Peers.Native;

/// <summary>Processor time of the calling thread: what other processes do on a busy machine is not in it.</summary>
internal static partial class ThreadClock
{
    private const int ThreadProcessorTime = 3;

    /// <summary>Seconds this thread has run.</summary>
    public static double Seconds
    {
        get
        {
            int status = GetTime(ThreadProcessorTime, out TimeSpec time);
            return status == 0
                ? time.Seconds + (1e-9 * time.Nanoseconds)
                : throw new InvalidOperationException("clock_gettime failed");
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
