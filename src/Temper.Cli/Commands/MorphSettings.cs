using System.Globalization;
using System.Text;
using Temper.Cli.CommandLine;
using Temper.Privacy.Morphing;

namespace Temper.Cli.Commands;

/// <summary>Settings shared by the morph commands: the key, its password, and sizes.</summary>
internal static class MorphSettings
{
    internal const string PasswordVariable = "TEMPER_MORPH_PASSWORD";
    private const int MaxPasswordBytes = 4096;

    internal static Setting<string?> Key { get; } = Setting.OptionalText(
        "key", "Key file of temper morph keygen; it does not protect the pictures from whoever has the layer");

    internal static Setting<string?> PasswordFile { get; } = Setting.OptionalText(
        "password-file", "File with the password of the key; without it, the environment variable "
            + $"{PasswordVariable} is used");

    internal static Setting<string?> Data { get; } =
        Setting.OptionalText("data", "A known set, a path, or synth:shapes; see 'temper data list'");

    internal static Setting<int[]?> Shape { get; } = new("shape", "Channels, height and width of a picture, such as "
        + "3,32,32; needed without --data", null, ReadShape);

    internal static Setting<int> Cores { get; } =
        Setting.Integer("cores", "Number of diagonal blocks (cores) of the morphing matrix, kappa of the paper; "
            + "must divide channels x height x width. More cores cost less and hide less", defaultValue: 1);

    internal static Setting<bool> Repeated { get; } =
        Setting.Switch("repeated", "Repeat one core along the whole diagonal, as the authors' code does");

    internal static Setting<bool> Structured { get; } = Setting.Switch(
        "structured", "Use secret permutations, signs and Walsh-Hadamard transforms instead of cores: faster for large "
            + "pictures; hides no more; not with --cores or --repeated");

    internal static Setting<string?> Weights { get; } =
        Setting.OptionalText("weights", "The developer's first convolution: its weights, [O, C, KH, KW], as .npy, or a "
            + "model that begins with it");

    internal static Setting<int> Stride { get; } =
        Setting.Integer("stride", "Stride of the first convolution, in pixels; a model has its own", defaultValue: 1);

    internal static Setting<int> Padding { get; } = Setting.Integer(
        "padding", "Zero padding of the first convolution, in pixels; a model has its own", defaultValue: 0,
        minimum: 0);

    /// <summary>Throws if a setting contradicts the network's first convolution, which is used.</summary>
    internal static void RequireSame(CommandContext context, params IReadOnlyList<(Setting<int>, int)> values)
    {
        foreach ((Setting<int> setting, int own) in values)
        {
            if (context.Values.IsGiven(setting) && context.Get(setting) != own)
            {
                throw ToolException.Usage($"{context.Values.Command}: {setting.Flag} differs from the network's first "
                    + $"convolution (got {context.Get(setting)}, expected {own}); leave it out");
            }
        }
    }

    /// <summary>Opens and decrypts a key file.</summary>
    internal static MorphKey OpenKey(CommandContext context, string path)
    {
        byte[] password = Password(context);
        try
        {
            return MorphKey.Load(path, password);
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(password);
        }
    }

    /// <summary>
    /// The bytes of the password, without the line end of the file. The caller must zero them after use.
    /// </summary>
    internal static byte[] Password(CommandContext context)
    {
        if (context.Get(PasswordFile) is not { } path)
        {
            string? given = Environment.GetEnvironmentVariable(PasswordVariable);
            return string.IsNullOrEmpty(given)
                ? throw ToolException.Usage($"{context.Values.Section.Replace('-', ' ')}: the password is missing; "
                    + $"give --password-file FILE or set {PasswordVariable}")
                : Encoding.UTF8.GetBytes(given);
        }

        if (new FileInfo(path).Length > MaxPasswordBytes)
        {
            throw ToolException.Usage($"--password-file: too long (got {new FileInfo(path).Length} bytes, expected at "
                + $"most {MaxPasswordBytes})");
        }

        byte[] content = File.ReadAllBytes(path);
        byte[] password = content.AsSpan().TrimEnd("\r\n"u8).ToArray();
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(content);
        return password.Length > 0
            ? password
            : throw ToolException.Usage($"--password-file: the file is empty (got {path})");
    }

    private static int[] ReadShape(string text)
    {
        int[] lengths = [.. text.Split(',').Select(
            part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int length) ? length : 0)];
        return lengths is [> 0, > 0, > 0]
            ? lengths
            : throw new FormatException("channels, height and width separated by commas, such as 3,32,32");
    }
}
