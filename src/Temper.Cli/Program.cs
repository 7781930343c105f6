return Temper.Cli.CommandLine.Application.Run(args);
