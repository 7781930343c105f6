using Temper.Cli.CommandLine;
using Temper.Parallelism.Collectives;

if (MpiLaunch.Current is not null)
{
    // A launcher gives its ranks a terminal that nobody sits at; the runtime would put control codes for it before the output.
    Environment.SetEnvironmentVariable("TERM", "dumb");
}

return Application.Run(args);
