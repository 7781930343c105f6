namespace Temper.TestRunner;

/// <summary>What was asked for.</summary>
internal sealed record TestOptions
{
    internal const string Usage = """
        ./test [PROJECT...] [--long] [--fuzz] [--filter EXPRESSION]
          PROJECT      only these: a test project's name, 'Temper.' and '.Tests' may be left out; none: all
          --long       also the tests that take long
          --fuzz       give the readers of files 100,000 damaged inputs each
          --filter     only tests that match, as in 'dotnet test --filter'
        """;

    private const int FuzzInputs = 100_000;

    /// <summary>Test projects by name; empty: all.</summary>
    internal IReadOnlyList<string> Projects { get; private init; } = [];

    internal bool IsLong { get; private init; }

    internal bool IsFuzz { get; private init; }

    internal string? Filter { get; private init; }

    /// <summary>The usual run, whose seconds are compared with the budget.</summary>
    internal bool IsUsual => !IsLong && !IsFuzz;

    /// <summary>What the test processes are told.</summary>
    internal Dictionary<string, string> Environment
    {
        get
        {
            var variables = new Dictionary<string, string>(StringComparer.Ordinal);
            if (IsLong)
            {
                variables["TEMPER_LONG"] = "1";
            }

            if (IsFuzz)
            {
                variables["TEMPER_FUZZ"] = $"{FuzzInputs}";
            }

            return variables;
        }
    }

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="ArgumentException">One is not known.</exception>
    internal static TestOptions Parse(string[] arguments)
    {
        var options = new TestOptions();
        for (int i = 0; i < arguments.Length; i++)
        {
            options = arguments[i] switch
            {
                "--long" => options with { IsLong = true },
                "--fuzz" => options with { IsFuzz = true },
                "--filter" when i + 1 < arguments.Length => options with { Filter = arguments[++i] },
                ['-', ..] => throw new ArgumentException($"cannot use '{arguments[i]}'\n{Usage}"),
                string project => options with { Projects = [.. options.Projects, project] },
            };
        }

        return options;
    }
}
