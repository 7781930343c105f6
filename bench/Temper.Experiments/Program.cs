using Temper.Experiments;

// Experiments: accuracy of dense and lean networks, and tables of other parts of the library; see bench/README.md.
const string Usage = """
    usage: dotnet run -c Release --project bench/Temper.Experiments -- MODE, one of

      accuracy NETWORK DATA SEEDS [name=value ...]    dense networks
      lean NETWORK DATA SEEDS [name=value ...]        networks with few weights, next to dense ones
      sweep NETWORK DATA SEEDS [name=value ...]       choice of a recipe on held-out samples
      deephoyer DATA NETWORK [name=value ...]         DeepHoyer, L1, gradual and magnitude pruning at equal accuracy
      calibrated FILE ARCHITECTURE NORMALIZATION DATA pruning without training
      regularizers NETWORK BATCH                      cost of each regularizer in a training step
      jpnet DATA NETWORK [name=value ...]             pruned weights and activations
      dasnet DATA NETWORK [name=value ...]            pruned activations
      together FILE DATA [name=value ...]             weight pruning, winners and 8 bits, alone and combined
      growth DATA [name=value ...]                    AutoGrow and its baselines
      attacks TABLE DATA CELLS [name=value ...]       attacks, next to other libraries and proofs
      harden DATA [name=value ...]                    feedback learning and other defenses
      video TABLE FOLDER [name=value ...]             networks that classify clips, and attacks on them
      morph DATA NETWORK [name=value ...]             accuracy with and without morphing
      snooping FOLDER [name=value ...]                snooping attacks on agents

    A mode alone prints all its arguments.
    """;

try
{
    return Run(args);
}
catch (TableArgumentException error)
{
    Console.Error.WriteLine(error.Message);
    return 2;
}

static int Run(string[] mode) => mode switch
{
    ["accuracy" or "lean" or "sweep", ..] => AccuracyTable.Run(mode),
    ["deephoyer", .. var rest] => DeepHoyerTable.Run(rest),
    ["calibrated", ..] => CalibratedCurve.Run(mode),
    ["regularizers", .. var rest] => RegularizerCosts.Run(rest),
    ["jpnet" or "dasnet", ..] => ActivationTable.Run(mode),
    ["together", .. var rest] => TogetherTable.Run(rest),
    ["growth", .. var rest] => GrowthTable.Run(rest),
    ["attacks", .. var rest] => AttackTables.Run(rest),
    ["harden", .. var rest] => HardeningTable.Run(rest),
    ["video", .. var rest] => VideoTables.Run(rest),
    ["morph", .. var rest] => MorphAccuracy.Run(rest),
    ["snooping", .. var rest] => SnoopingExperiment.Run(rest),
    _ => Unknown(),
};

static int Unknown()
{
    Console.Error.WriteLine(Usage);
    return 2;
}
