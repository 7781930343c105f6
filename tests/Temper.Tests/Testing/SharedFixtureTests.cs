using System.Reflection;
using Temper.Networks;
using Temper.Testing;

namespace Temper.Tests.Testing;

/// <summary>A shared fixture is created once, completely or not at all.</summary>
public sealed class SharedFixtureTests : IDisposable
{
    private static readonly Assembly Product = typeof(Network).Assembly;
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Many_ask_and_one_makes()
    {
        int made = 0;
        string[] folders = new string[8];
        Thread[] threads = [.. Enumerable.Range(0, folders.Length).Select(i => new Thread(() => folders[i] = Get("a", folder =>
        {
            Interlocked.Increment(ref made);
            File.WriteAllText(Path.Combine(folder, "first"), "1");
            Thread.Sleep(30);
            File.WriteAllText(Path.Combine(folder, "second"), "2");
        })))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(1, made);
        Assert.Equal(2, Directory.GetFiles(Assert.Single(folders.Distinct(StringComparer.Ordinal))).Length);
    }

    [Fact]
    public void Other_settings_and_other_code_give_another_folder()
    {
        string one = Get("a", _ => { }), two = Get("b", _ => { });
        string three = SharedFixture.Folder(_root.Path, "f", "a", typeof(SharedFixture).Assembly, _ => { });
        Assert.Equal(3, new HashSet<string>([one, two, three], StringComparer.Ordinal).Count);
    }

    [Fact]
    public void Failure_leaves_nothing_and_the_next_one_makes_it()
    {
        Assert.Throws<InvalidOperationException>(() => Get("a", folder =>
        {
            File.WriteAllText(Path.Combine(folder, "half"), "1");
            throw new InvalidOperationException("on purpose");
        }));
        Assert.Empty(Directory.GetDirectories(_root.Path));
        Assert.Empty(Directory.GetFiles(Get("a", _ => { })));
    }

    private string Get(string settings, Action<string> make) => SharedFixture.Folder(_root.Path, "f", settings, Product, make);
}
