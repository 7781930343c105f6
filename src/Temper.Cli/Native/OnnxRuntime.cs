using System.Runtime.InteropServices;
using System.Text;

namespace Temper.Cli.Native;

/// <summary>
/// Minimal binding to ONNX Runtime's C API: runs a model with one input and one output, both in memory owned by the
/// caller.
/// </summary>
internal static unsafe class OnnxRuntime
{
    /// <summary>Requested API version; later versions of the library still support it.</summary>
    private const uint ApiVersion = 22;

    private const int Warning = 2;

    private static readonly nint* Api = Load();

    private static readonly nint Environment = Api == null ? 0 : CreateEnvironment();

    /// <summary>Indices in the function table; stable across versions (see onnxruntime_c_api.h).</summary>
    private enum Function
    {
        GetErrorMessage = 2,
        CreateEnv = 3,
        CreateSessionFromArray = 8,
        Run = 9,
        CreateSessionOptions = 10,
        SetIntraOpNumThreads = 24,
        CreateTensorWithDataAsOrtValue = 49,
        CreateCpuMemoryInfo = 69,
        ReleaseSession = 95,
        ReleaseSessionOptions = 100,
        AddSessionConfigEntry = 130,
    }

    /// <summary>
    /// Whether the library was found. It is searched under the path in <c>TEMPER_ONNXRUNTIME</c> if set, else in the
    /// loader's default folders.
    /// </summary>
    internal static bool IsInstalled => Api != null;

    /// <summary>Creates a session for a model.</summary>
    /// <param name="model">The content of an .onnx file.</param>
    /// <param name="threads">Threads per operator (intra-op), including the calling thread.</param>
    /// <param name="spins">
    /// Whether idle threads spin for a while before they sleep (the library's default).
    /// </param>
    internal static nint OpenModel(ReadOnlySpan<byte> model, int threads, bool spins = true)
    {
        nint options, session;
        Check(((delegate* unmanaged[Cdecl]<nint*, nint>)Get(Function.CreateSessionOptions))(&options));
        Check(((delegate* unmanaged[Cdecl]<nint, int, nint>)Get(Function.SetIntraOpNumThreads))(options, threads));
        fixed (byte* key = "session.intra_op.allow_spinning\0"u8, value = spins ? "1\0"u8 : "0\0"u8)
        {
            Check(((delegate* unmanaged[Cdecl]<nint, byte*, byte*, nint>)Get(Function.AddSessionConfigEntry))(
                options, key, value));
        }

        fixed (byte* bytes = model)
        {
            Check(((delegate* unmanaged[Cdecl]<nint, byte*, nuint, nint, nint*, nint>)Get(
                Function.CreateSessionFromArray))(
                Environment, bytes, (nuint)model.Length, options, &session));
        }

        ((delegate* unmanaged[Cdecl]<nint, void>)Get(Function.ReleaseSessionOptions))(options);
        return session;
    }

    /// <summary>Releases a session and its threads.</summary>
    internal static void Close(nint session) =>
        ((delegate* unmanaged[Cdecl]<nint, void>)Get(Function.ReleaseSession))(session);

    /// <summary>Creates a tensor over pinned memory.</summary>
    internal static nint View(float* data, ReadOnlySpan<long> shape)
    {
        const int Float = 1;
        nint memory, value;
        Check(((delegate* unmanaged[Cdecl]<int, int, nint*, nint>)Get(Function.CreateCpuMemoryInfo))(0, 0, &memory));
        long count = 1;
        foreach (long size in shape)
        {
            count *= size;
        }

        fixed (long* sizes = shape)
        {
            Check(((delegate* unmanaged[Cdecl]<nint, void*, nuint, long*, nuint, int, nint*, nint>)Get(
                Function.CreateTensorWithDataAsOrtValue))(
                memory, data, (nuint)(count * sizeof(float)), sizes, (nuint)shape.Length, Float, &value));
        }

        return value;
    }

    /// <summary>Runs a model with one input and one output.</summary>
    internal static void Run(nint session, nint x, nint y, string from, string to) =>
        Run(session, x, y, Encoding.UTF8.GetBytes(from + "\0"), Encoding.UTF8.GetBytes(to + "\0"));

    /// <summary>Runs a model whose input and output are named x and y.</summary>
    internal static void Run(nint session, nint x, nint y) => Run(session, x, y, "x\0"u8, "y\0"u8);

    /// <summary>Runs a model with one input and one output; the names are zero-terminated UTF-8.</summary>
    internal static void Run(nint session, nint x, nint y, ReadOnlySpan<byte> inputName, ReadOnlySpan<byte> outputName)
    {
        fixed (byte* input = inputName, output = outputName)
        {
            Check(((delegate* unmanaged[Cdecl]<nint, nint, byte**, nint*, nuint, byte**, nuint, nint*, nint>)Get(
                Function.Run))(
                session, 0, &input, &x, 1, &output, 1, &y));
        }
    }

    private static nint* Load()
    {
        string file = System.Environment.GetEnvironmentVariable("TEMPER_ONNXRUNTIME") ?? "libonnxruntime.so.1";
        if (!NativeLibrary.TryLoad(file, out nint library))
        {
            return null;
        }

        var getBase = (delegate* unmanaged[Cdecl]<nint*>)NativeLibrary.GetExport(library, "OrtGetApiBase");
        return ((delegate* unmanaged[Cdecl]<uint, nint*>)getBase()[0])(ApiVersion);
    }

    private static nint CreateEnvironment()
    {
        nint environment;
        fixed (byte* name = "temper\0"u8)
        {
            Check(((delegate* unmanaged[Cdecl]<int, byte*, nint*, nint>)Get(Function.CreateEnv))(
                Warning, name, &environment));
        }

        return environment;
    }

    private static nint Get(Function function) => Api != null
        ? Api[(int)function]
        : throw new OnnxRuntimeException(
            "ONNX Runtime: the library was not found; set TEMPER_ONNXRUNTIME to its path");

    private static void Check(nint status)
    {
        if (status != 0)
        {
            byte* text = ((delegate* unmanaged[Cdecl]<nint, byte*>)Get(Function.GetErrorMessage))(status);
            throw new OnnxRuntimeException(
                $"ONNX Runtime: {Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text))}");
        }
    }
}
