using System.Runtime.InteropServices;

namespace Temper.Peers.Native;

/// <summary>CPU time of the calling thread, which excludes the time of other processes on a busy machine.</summary>
internal static partial class ThreadClock
{
    private const int ThreadProcessorTime = 3;

    /// <summary>CPU time of the calling thread so far, in seconds.</summary>
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
