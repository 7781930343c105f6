using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Training;
using Temper.Wording;

namespace Temper.Cli.Runs;

/// <summary>
/// Opens the network that a method starts from: a stored network, or a built-in network, which is trained first.
/// </summary>
internal static class StartingNetwork
{
    /// <summary>Opens the network and converts the data to its input shape.</summary>
    internal static (Network Network, DataSets Data) Open(CommandContext context, string model, DataSets data)
    {
        FitOptions fit = Preprocessing.OptionsOf(context);
        if (!ModelSource.IsStored(model))
        {
            Preprocessing.RequireUnusedForNew(context, model);
            data = DataForModel.ForNew(context, fit, data);
            return (ModelSource.New(model, data.Train, TableScaling.OfNew(context, data), RandomStream.FromSeed(
                context.Get(RunSettings.Seed)).Split("weights")), data);
        }

        ModelSource.RefuseUnused(context, model);
        (Network network, data) = DataForModel.Open(context, fit, data, options =>
            ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), options));
        return (Preprocessing.Apply(context, network, data.Train.SampleShape), data);
    }

    /// <summary>Returns a stored network unchanged; trains a new one first.</summary>
    internal static Network Trained(RunSession run, string model, Network network, TrainingOptions training)
    {
        if (ModelSource.IsStored(model))
        {
            return network;
        }

        run.Note($"train: {model} from random weights on {run.Train!.Name}, {Plural.Of(training.Epochs, "epoch")}");
        return run.Fit("train", network, training).Network;
    }
}
