using Temper.Formats;

namespace Temper.Experiments;

/// <summary>Stores finished cells of tables in a file, one line each: name, tab, text.</summary>
internal sealed class Cells
{
    private readonly string _path;
    private readonly Dictionary<string, string> _done = new(StringComparer.Ordinal);

    internal Cells(string path)
    {
        _path = path;
        string all = File.Exists(path) ? File.ReadAllText(path) : "", whole = all[..(all.LastIndexOf('\n') + 1)];
        if (whole.Length < all.Length)
        {
            // The last line was cut off by a kill or a full disk; the next cell must not continue it.
            AtomicFile.WriteText(path, whole);
        }

        foreach (string[] parts in whole.Split('\n').Select(line => line.Split('\t')).Where(parts => parts.Length == 2))
        {
            _done[parts[0]] = parts[1];
        }
    }

    internal string Get(string name, Func<string> compute)
    {
        if (!_done.TryGetValue(name, out string? text))
        {
            text = compute();
            _done[name] = text;
            File.AppendAllText(_path, $"{name}\t{text}\n");
        }

        return text;
    }
}
