namespace Temper.TestRunner;

/// <summary>Command-line options of the test runner.</summary>
internal sealed record TestOptions
{
    internal const string Usage = """
        ./test [PROJECT...] [--long] [--fuzz] [--filter EXPRESSION]
          PROJECT      test projects to run; 'Temper.' and '.Tests' may be omitted (default: all)
          --long       also run the long tests
          --fuzz       test each file reader with 100,000 damaged inputs
          --filter     run only the matching tests, as in 'dotnet test --filter'
        """;

    private const int FuzzInputs = 100_000;

    /// <summary>Names of the test projects to run; empty: all.</summary>
    internal IReadOnlyList<string> Projects { get; private init; } = [];

    internal bool IsLong { get; private init; }

    internal bool IsFuzz { get; private init; }

    internal string? Filter { get; private init; }

    /// <summary>Whether this is a default run; only its times are compared with the budgets.</summary>
    internal bool IsUsual => !IsLong && !IsFuzz;

    /// <summary>Environment variables of the test processes.</summary>
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

    /// <summary>Parses the command line.</summary>
    /// <exception cref="ArgumentException">An option is unknown, or its value is missing.</exception>
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
                ['-', ..] => throw new ArgumentException($"unknown option or missing value: '{arguments[i]}'\n{Usage}"),
                string project => options with { Projects = [.. options.Projects, project] },
            };
        }

        return options;
    }
}
