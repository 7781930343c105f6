using Temper.Cli.CommandLine;
using Temper.Networks;

namespace Temper.Cli.Models;

/// <summary>
/// Classifiers that end with a softmax, as files from elsewhere often do: they return probabilities, but losses,
/// attacks and probes expect logits.
/// </summary>
internal static class FinalSoftmax
{
    internal static bool IsIn(Network network) => network.FinalSoftmax is not null;

    /// <summary>Returns the network of the logits; unchanged if the network does not end with a softmax.</summary>
    internal static Network Removed(Network network) => network.WithoutFinalSoftmax();

    /// <summary>
    /// Returns the network of the logits, and says so if the network ends with a softmax. Warns if the result ends with
    /// a sigmoid for each class, which stays.
    /// </summary>
    /// <param name="context">Context of the command.</param>
    /// <param name="model">Name of the network, as the user gave it.</param>
    /// <param name="network">The network.</param>
    internal static Network Removed(CommandContext context, string model, Network network)
    {
        Tell(context, model, network);
        return Warned(context, model, Removed(network), ", so that the network may seem more robust than it is");
    }

    /// <summary>
    /// Returns the network of the logits to train, and says so if the network ends with a softmax. The run saves its
    /// networks with it, see <see cref="Runs.RunSession.Saved"/>. Warns of sigmoids like the other method.
    /// </summary>
    internal static Network RemovedToTrain(CommandContext context, string model, Network network)
    {
        Tell(context, model, network, ", and saves networks with it");
        return Warned(context, model, Removed(network), "");
    }

    /// <summary>Says that the logits of a network are used, if it ends with a softmax.</summary>
    internal static void Tell(CommandContext context, string model, Network network, string more = "")
    {
        if (IsIn(network))
        {
            context.Terminal.Note($"{model} ends with Softmax; {context.Values.Section} uses its logits, the values "
                + $"before it (the predicted classes are the same){more}");
        }
    }

    private static Network Warned(CommandContext context, string model, Network logits, string consequence)
    {
        if (logits.HasFinalSigmoid)
        {
            context.Terminal.Note($"warning: {model} computes probabilities with Sigmoid, and {context.Values.Section} "
                + $"takes them for logits: where one is nearly 0 or 1 its gradient vanishes{consequence}; export the "
                + "model without it");
        }

        return logits;
    }
}
