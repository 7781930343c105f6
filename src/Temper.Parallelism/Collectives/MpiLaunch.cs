using System.Globalization;

namespace Temper.Parallelism.Collectives;

/// <summary>
/// What a launcher (mpirun or mpiexec) has told this process, read from its variables without loading an engine.
/// </summary>
/// <param name="Rank">Which of the ranks it is.</param>
/// <param name="Size">Number of ranks.</param>
/// <param name="LocalSize">Ranks on this machine.</param>
/// <param name="IsMpich">Whether the launcher is that of MPICH or of a library that is compatible with it.</param>
public sealed record MpiLaunch(int Rank, int Size, int LocalSize, bool IsMpich)
{
    private static readonly (string Rank, string Size, string LocalSize, bool IsMpich)[] Launchers =
    [
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", false),
        ("PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS", true),
    ];

    /// <summary>The launch of this process; null where no launcher started it.</summary>
    public static MpiLaunch? Current => Of(Environment.GetEnvironmentVariable);

    /// <summary>The launch that variables tell of.</summary>
    /// <param name="variable">Gives the value of a variable; null where it is not set.</param>
    public static MpiLaunch? Of(Func<string, string?> variable)
    {
        foreach ((string rankName, string sizeName, string localName, bool isMpich) in Launchers)
        {
            if (Number(variable(rankName)) is { } rank
                && Number(variable(sizeName)) is { } size && size >= 1 && rank < size)
            {
                return new MpiLaunch(rank, size, Math.Clamp(Number(variable(localName)) ?? size, 1, size), isMpich);
            }
        }

        return null;
    }

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
