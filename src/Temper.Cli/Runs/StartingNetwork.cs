using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Training;

namespace Temper.Cli.Runs;

/// <summary>The network that a method goes on from: a stored one, or one of the zoo, which is trained first.</summary>
internal static class StartingNetwork
{
    /// <summary>The network, and the data as it takes them.</summary>
    internal static (Network Network, DataSets Data) Open(CommandContext context, string model, DataSets data)
    {
        FitOptions fit = Preprocessing.OptionsOf(context);
        if (!ModelSource.IsStored(model))
        {
            Preprocessing.RequireUnusedForNew(context, model);
            data = DataForModel.ForNew(context, fit, data);
            return (ModelSource.New(model, data.Train, context.Get(ModelSource.Normalize), RandomStream.FromSeed(
                context.Get(RunSettings.Seed)).Split("weights")), data);
        }

        (Network network, data) = DataForModel.Open(context, fit, data, options =>
            ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), options));
        return (Preprocessing.Apply(context, network, data.Train.SampleShape), data);
    }

    /// <summary>A new network after its training, a stored one as it is.</summary>
    internal static Network Trained(RunSession run, string model, Network network, TrainingOptions training)
    {
        if (ModelSource.IsStored(model))
        {
            return network;
        }

        run.Note($"train: {model} from random weights, {training.Epochs} epochs");
        return run.Fit("train", network, training).Network;
    }
}
